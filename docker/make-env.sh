#!/bin/sh
# Prints .env.example with a random value for every secret: docker/make-env.sh > .env && chmod 600 .env
# A value begins with a letter: nats-server reads what a variable holds as configuration, where 12e4 is a number.
set -eu
cd "$(dirname "$0")/.."
while IFS= read -r line; do
  case $line in
    \#*) printf '%s\n' "$line" ;;
    *=) printf '%sk%s\n' "$line" "$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')" ;;
    *) printf '%s\n' "$line" ;;
  esac
done < .env.example
