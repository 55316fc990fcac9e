"""Who may call: client tokens and what they allow. Must never keep or print a token in clear after it was issued."""
