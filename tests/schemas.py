"""Whether files of a configuration hold to the schemas that editors check them by.

Arguments: the schema of kolapp.toml, that of organisations, and the configuration's folder. Prints a line for each place in a
file that does not hold, and ends with 1 where there is one, or no file was found.
"""

import json
import sys
import tomllib
from pathlib import Path

import jsonschema_rs


def validator(path):
    return jsonschema_rs.validator_for(json.loads(Path(path).read_text("utf-8")))


def main():
    server, organisation = map(validator, sys.argv[1:3])
    folder = Path(sys.argv[3])
    files = [(folder / "kolapp.toml", server)]
    files += [(path, organisation) for path in sorted(folder.glob("organisations/*/*.toml"))]
    wrong = len(files) < 2
    for path, schema in files:
        # As editors see it: dates and times are texts.
        value = json.loads(json.dumps(tomllib.loads(path.read_text("utf-8")), default=str))
        for error in schema.iter_errors(value):
            place = ".".join(map(str, error.instance_path))
            print(f"{path.relative_to(folder)}: {place}: {error.message}")
            wrong = True
    sys.exit(1 if wrong else 0)


main()
