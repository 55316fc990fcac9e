"""The configuration: one file, the environment and flags become one frozen Snapshot, or nothing does.

    problems    what is wrong, with line and column          addresses   what is wrong with an address
    places      where keys stand in a TOML text              headers     what is wrong with a header's name
    document    a file as values with places                 base_urls   one base URL, several formats
    schema      which keys there are, and their types        rows        one row of [providers.*] to a Provider
    secrets     env:, file: and cred: references             keyed       its keys as accounts with labels
    payload     [[payload.*]] to rules                       logins      its [oauth] to an OAuth record
    finding     which file, and has it changed               providers   which can be used, with which accounts
    showing     the effective configuration as text          building    everything together: load

The file is the user's and is never written.
"""

from fastproxy.config.building import load
from fastproxy.config.finding import fingerprint, locate
from fastproxy.config.problems import ConfigError, Problem
from fastproxy.config.showing import show

__all__ = ["ConfigError", "Problem", "fingerprint", "load", "locate", "show"]
