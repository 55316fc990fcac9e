"""The configuration: one file, the environment and flags become one frozen Snapshot, or nothing does.

    problems    what is wrong, with line and column          addresses   what is wrong with an address
    places      where keys stand in a TOML text              base_urls   one base URL, several formats
    document    a file as values with places                 rows        one row of [providers.*] to a Provider
    schema      which keys there are, and their types        providers   which can be used, with which accounts
    secrets     env:, file: and cred: references             building    everything together: load
    payload     [[payload.*]] to rules                       showing     the effective configuration as text
    finding     which file, and has it changed

The file is the user's and is never written.
"""

from fastproxy.config.building import load
from fastproxy.config.finding import fingerprint, locate
from fastproxy.config.problems import ConfigError, Problem
from fastproxy.config.showing import show

__all__ = ["ConfigError", "Problem", "fingerprint", "load", "locate", "show"]
