"""One record per exchange: written down as it ends, folded into a database, counted, and summed up."""
