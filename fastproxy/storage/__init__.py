"""Where state is kept between runs: how a database is opened, never what is in it."""
