"""deploy/demo after the build: one commons of three neighbourhoods, from readings to cells."""

import argparse
import json
import signal
import sys

from . import report
from .commons import Commons, input_of
from .homes import ROOT
from .processes import ReplayError


def parse():
    parser = argparse.ArgumentParser(
        prog="deploy/demo",
        description="Three gateways of one commons on this machine: readings of electricity meters or "
        "air sensors in, cells out. Everything runs on loopback and is removed at the end.",
        epilog="The default input is synthetic. examples: deploy/demo --once; "
        "deploy/demo --replay week.csv --once --format json")
    parser.add_argument("--replay", metavar="FILE.csv|london|aberdeen", help="half-hourly meters "
                        "with the columns LCLid,tstp,energy(kWh/hh), or Aberdeen's air sensors, "
                        "instead of made-up households")
    parser.add_argument("--once", action="store_true", help="print the result and end")
    parser.add_argument("--format", choices=("table", "json"), default="table")
    parser.add_argument("--keep", metavar="DIR", help="keep the run folder (a new one) there")
    parser.add_argument("--programs", default=ROOT / "build/release/bin", help=argparse.SUPPRESS)
    return parser.parse_args()


def say(text):
    print("demo: " + text, file=sys.stderr, flush=True)


def stop(signum, frame):
    raise KeyboardInterrupt


def main():
    arguments = parse()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)
    try:
        homes, places = input_of(arguments.replay)
        if arguments.replay is None:
            say("made up 69 households in three neighbourhoods (synthetic, always the same)")
        with Commons(arguments.programs, homes, places=places, keep=arguments.keep,
                     say=say) as commons:
            commons.start()
            commons.feed()
            commons.decide()
            if arguments.format == "json":
                json.dump(commons.document(), sys.stdout, indent=1)
                print()
            else:
                print("\n" + report.text(commons))
            sys.stdout.flush()
            if not arguments.once:
                print(report.how_to_query(commons), file=sys.stderr, flush=True)
                signal.pause()
    except KeyboardInterrupt:
        say("stopped; nothing keeps running")
        return 0 if not arguments.once else 130
    except ReplayError as error:
        say(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
