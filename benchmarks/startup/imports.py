"""The imports of a typical command-line tool."""

import argparse
import collections
import dataclasses
import functools
import json
import logging
import os
import pathlib
import re
import subprocess
import sys
import threading
import typing

print(len([argparse, collections, dataclasses, functools, json, logging, os, pathlib, re, subprocess, sys, threading,
           typing]))
