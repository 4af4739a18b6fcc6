"""string, textwrap, argparse, logging, datetime, difflib-like small modules."""

import argparse
import contextlib
import datetime
import io
import logging
import string
import textwrap
import unittest


class Strings(unittest.TestCase):
    def test_constants(self):
        self.assertEqual(string.ascii_lowercase[:3], "abc")
        self.assertEqual(string.digits, "0123456789")
        self.assertEqual(string.hexdigits[-2:], "EF")
        self.assertEqual(string.punctuation[:3], "!\"#")

    def test_template(self):
        t = string.Template("$a ${b}c $$")
        self.assertEqual((t.substitute(a=1, b=2), t.safe_substitute(a=1)), ("1 2c $", "1 ${b}c $"))
        self.assertRaises(KeyError, t.substitute, a=1)
        self.assertRaises(ValueError, string.Template("$").substitute)

    def test_formatter(self):
        class F(string.Formatter):
            def get_value(self, key, args, kw): return "<%s>" % key
        self.assertEqual(F().format("{a} {0}"), "<a> <0>")
        self.assertEqual(string.capwords("hello  world"), "Hello World")

    def test_textwrap(self):
        self.assertEqual(textwrap.wrap("the quick brown fox", 10), ["the quick", "brown fox"])
        self.assertEqual(textwrap.dedent("  a\n    b\n"), "a\n  b\n")
        self.assertEqual(textwrap.indent("a\nb", "> "), "> a\n> b")
        self.assertEqual(textwrap.shorten("hello world", 8), "[...]")
        self.assertEqual(textwrap.fill("a b c", 3), "a b\nc")


class Arguments(unittest.TestCase):
    def test_parsing(self):
        p = argparse.ArgumentParser(prog="p")
        p.add_argument("name")
        p.add_argument("--count", "-c", type=int, default=1)
        p.add_argument("--flag", action="store_true")
        p.add_argument("rest", nargs="*")
        a = p.parse_args(["x", "-c", "5", "--flag", "y", "z"])
        self.assertEqual(vars(a), {"name": "x", "count": 5, "flag": True, "rest": ["y", "z"]})

    def test_errors(self):
        p = argparse.ArgumentParser(prog="p")
        p.add_argument("--n", type=int, choices=[1, 2])
        for arguments, message in ((["--n", "x"], "p: error: argument --n: invalid int value: 'x'"),
                (["--n", "3"], "invalid choice: '3'"), (["--zz"], "p: error: unrecognized arguments: --zz")):
            out = io.StringIO()
            with contextlib.redirect_stderr(out), self.assertRaises(SystemExit) as c:
                p.parse_args(arguments)
            self.assertEqual(c.exception.code, 2)
            self.assertIn(message, out.getvalue())

    def test_help_text(self):
        p = argparse.ArgumentParser(prog="p", description="What it does.", color=False)
        p.add_argument("--n", metavar="N", help="a number")
        self.assertTrue(p.format_help().startswith("usage: p [-h] [--n N]\n\nWhat it does.\n\noptions:\n"))

    def test_subcommands_and_groups(self):
        p = argparse.ArgumentParser(prog="p")
        sub = p.add_subparsers(dest="cmd", required=True)
        one = sub.add_parser("one")
        group = one.add_mutually_exclusive_group()
        group.add_argument("-a", action="append")
        group.add_argument("-b", action="count", default=0)
        self.assertEqual(vars(p.parse_args(["one", "-bb"])), {"cmd": "one", "a": None, "b": 2})
        self.assertEqual(p.parse_args(["one", "-a", "1", "-a", "2"]).a, ["1", "2"])


class Logging(unittest.TestCase):
    def test_records_reach_handlers(self):
        out = io.StringIO()
        logger = logging.getLogger("typhon.test")
        handler = logging.StreamHandler(out)
        handler.setFormatter(logging.Formatter("%(levelname)s:%(name)s:%(message)s"))
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
        logger.propagate = False
        try:
            logger.debug("no")
            logger.info("yes %d %s", 1, "a")
            logger.getChild("sub").warning("child")
            try:
                1 / 0
            except ZeroDivisionError:
                logger.exception("failed")
        finally:
            logger.removeHandler(handler)
        lines = out.getvalue().splitlines()
        self.assertEqual(lines[:4], ["INFO:typhon.test:yes 1 a", "WARNING:typhon.test.sub:child",
                                     "ERROR:typhon.test:failed", "Traceback (most recent call last):"])
        self.assertEqual(lines[-1], "ZeroDivisionError: division by zero")

    def test_levels_and_filters(self):
        logger = logging.getLogger("typhon.levels")
        logger.setLevel(logging.WARNING)
        self.assertTrue(logger.isEnabledFor(logging.ERROR) and not logger.isEnabledFor(logging.INFO))
        self.assertEqual(logging.getLevelName(10), "DEBUG")
        self.assertEqual(logging.getLogger("typhon.levels.x").getEffectiveLevel(), 30)

    def test_caller_information(self):
        records = []
        class H(logging.Handler):
            def emit(self, record): records.append((record.funcName, record.filename))
        logger = logging.getLogger("typhon.caller")
        handler = H()
        logger.addHandler(handler)
        logger.propagate = False
        logger.warning("x")
        logger.removeHandler(handler)
        self.assertEqual(records, [("test_caller_information", "test_text_modules.py")])


class Dates(unittest.TestCase):
    def test_dates(self):
        d = datetime.date(2024, 2, 28)
        self.assertEqual(d + datetime.timedelta(2), datetime.date(2024, 3, 1))
        self.assertEqual(d.weekday(), 2)
        self.assertEqual(d.isoformat(), "2024-02-28")
        self.assertEqual(d.replace(day=1).day, 1)
        self.assertEqual(d.strftime("%d/%m/%y %j"), "28/02/24 059")
        self.assertEqual((datetime.date(2024, 3, 1) - d).days, 2)
        with self.assertRaises(ValueError) as caught:
            datetime.date(2024, 2, 30)
        self.assertEqual(str(caught.exception), "day 30 must be in range 1..29 for month 2 in year 2024")

    def test_datetimes(self):
        a = datetime.datetime(2024, 1, 1, 12, 30, 15, 250)
        self.assertEqual(a.isoformat(), "2024-01-01T12:30:15.000250")
        self.assertEqual(str(a + datetime.timedelta(hours=12)), "2024-01-02 00:30:15.000250")
        self.assertEqual(datetime.datetime.fromisoformat("2024-01-01T12:30:15.000250"), a)
        self.assertEqual(a.time(), datetime.time(12, 30, 15, 250))
        self.assertEqual(repr(a), "datetime.datetime(2024, 1, 1, 12, 30, 15, 250)")

    def test_strptime(self):
        self.assertEqual(datetime.datetime.strptime("2024-12-31 23:59", "%Y-%m-%d %H:%M"),
                         datetime.datetime(2024, 12, 31, 23, 59))
        self.assertRaises(ValueError, datetime.datetime.strptime, "x", "%Y")

    def test_time_zones(self):
        z = datetime.timezone(datetime.timedelta(hours=2))
        a = datetime.datetime(2024, 1, 1, 12, tzinfo=z)
        self.assertEqual(a.astimezone(datetime.UTC).hour, 10)
        self.assertEqual(a.isoformat(), "2024-01-01T12:00:00+02:00")
        self.assertEqual(a == datetime.datetime(2024, 1, 1, 10, tzinfo=datetime.UTC), True)
        self.assertEqual(a.timestamp(), 1704103200.0)
        with self.assertRaises(TypeError) as caught:
            a < datetime.datetime(2024, 1, 1)
        self.assertEqual(str(caught.exception), "can't compare offset-naive and offset-aware datetimes")

    def test_timedeltas(self):
        t = datetime.timedelta(days=1, hours=2, microseconds=-1)
        self.assertEqual(t.total_seconds(), 93599.999999)
        self.assertEqual(str(t), "1 day, 1:59:59.999999")
        self.assertEqual(t * 2, datetime.timedelta(2, 14399, 999998))
        self.assertEqual(t // datetime.timedelta(hours=1), 25)
        self.assertEqual(-t < t, True)


if __name__ == "__main__":
    unittest.main()
