"""The stages as data flows: poll, read, dispatch, release, send; surges looks on, tidy and archive work behind them.

The only place that joins stages. Each stage computes first and then commits one transaction, and what it
commits is the next stage's queue: a crash between any two leaves rows that the next tick finishes.
"""

from monitor.pipeline.archive import folding, index_archive
from monitor.pipeline.articles import ArticleOptions, ArticleReader
from monitor.pipeline.assign import StoryAssigner
from monitor.pipeline.bounces import BounceOptions, BounceReader
from monitor.pipeline.context import Context, Stage
from monitor.pipeline.dispatch import dispatch
from monitor.pipeline.hosts import Hosts
from monitor.pipeline.pages import make_robots
from monitor.pipeline.poll import Poller, PollOptions
from monitor.pipeline.push import Pusher, PushOptions
from monitor.pipeline.release import release
from monitor.pipeline.send import SendOptions, Shipper
from monitor.pipeline.surges import SurgeOptions, Surges
from monitor.pipeline.tidy import Retention, tidy

__all__ = [
    "ArticleOptions",
    "ArticleReader",
    "BounceOptions",
    "BounceReader",
    "Context",
    "Hosts",
    "PollOptions",
    "Poller",
    "PushOptions",
    "Pusher",
    "Retention",
    "SendOptions",
    "Shipper",
    "Stage",
    "StoryAssigner",
    "SurgeOptions",
    "Surges",
    "dispatch",
    "folding",
    "index_archive",
    "make_robots",
    "release",
    "tidy",
]
