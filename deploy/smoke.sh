#!/usr/bin/env bash
# The smoke test of a release, over HTTP: what the service answers while its flags are off, and the order in which they are
# switched on. Needs curl. The run book says when to run it.
#
#   ALMANAC_URL=https://… ALMANAC_TOKEN=… deploy/smoke.sh off
#       Both flags are off for the user of the token. Calendars, publishing and exports answer dry runs, the same bytes each
#       time except the ids of the request. Publishing needs a saved calendar: SMOKE_CALENDAR, else the user's newest one.
#   ALMANAC_URL=https://… ALMANAC_TOKEN=… ALMANAC_ADMIN_TOKEN=… deploy/smoke.sh enable
#       Switches calendars on, then publishing, each for the users who have it and the user of the token; checks `off` in
#       between, and that a dry run still publishes nothing once publishing is on. Both stay on; after a failure the flags
#       stay as they are then.
#   … deploy/smoke.sh disable
#       The way back: publishing off, then calendars off, for all users, and `off` again.
set -euo pipefail

main() {
    WORK="$(mktemp -d)"
    trap 'rm -rf "$WORK"' EXIT
    : "${ALMANAC_URL:?is the address of the API}" "${ALMANAC_TOKEN:?is the token of a user}"
    case "${1:-}" in
        off) check_off ;;
        enable) check_enable ;;
        disable) check_disable ;;
        *) fail "usage: deploy/smoke.sh off | enable | disable" ;;
    esac
    printf 'smoke: %s: ok\n' "$1"
}

check_off() {
    expect_flags false false
    calendar_is_a_dry_run
    publishing_is_a_dry_run
}

# Calendars first, then publishing: what is published are entries of saved calendars.
check_enable() {
    need_admin
    expect_flags false false
    calendar_is_a_dry_run
    switch_on CALENDAR_SERVICE_ENABLED
    expect_flags true false
    make_calendar
    publishing_is_a_dry_run
    switch_on PUBLISH_SERVICE_ENABLED
    expect_flags true true
    dry_run_stays_available
}

check_disable() {
    need_admin
    switch_off PUBLISH_SERVICE_ENABLED
    expect_flag PUBLISH_SERVICE_ENABLED false
    publishing_is_a_dry_run
    switch_off CALENDAR_SERVICE_ENABLED
    check_off
}

calendar_is_a_dry_run() {
    local order='{"channels":["instagram","linkedin"],"cadence":"daily","start":"2026-01-26","end":"2026-01-28","timezone":"Europe/Paris"}'
    call POST /v1/ai/calendar calendar-1 "$order" -H 'Accept: text/event-stream'
    call POST /v1/ai/calendar calendar-2 "$order" -H 'Accept: text/event-stream'
    expect_status 200
    expect_text calendar-1 '"dryRun":true' "the calendar is no dry run"
    expect_text calendar-1 '"done":true' "the stream of the calendar has no end"
    expect_same calendar-1 calendar-2 "the dry run of a calendar"
    note "a calendar is a dry run, twice the same"
}

publishing_is_a_dry_run() {
    local format
    need_calendar
    # Asked for in earnest: with the flag off nothing else may happen.
    publish_twice "{\"calendarId\":\"$SMOKE_CALENDAR\",\"dryRun\":false}"
    expect_text publish-1 '"dryRun":true' "publishing is no dry run"
    note "publishing is a dry run, twice the same"
    for format in json csv ics; do
        call POST /v1/publish/export "export-$format-1" "{\"calendarId\":\"$SMOKE_CALENDAR\",\"format\":\"$format\"}"
        call POST /v1/publish/export "export-$format-2" "{\"calendarId\":\"$SMOKE_CALENDAR\",\"format\":\"$format\"}"
        expect_status 200
        grep -qi '^x-dry-run: true' "$WORK/head" || fail "the $format export is no dry run"
        expect_same "export-$format-1" "export-$format-2" "the $format export"
    done
    note "exports are dry runs, twice the same"
}

# With publishing on, `dryRun` keeps its default, true, and nothing is stored.
dry_run_stays_available() {
    need_calendar
    intents intents-before
    publish_twice "{\"calendarId\":\"$SMOKE_CALENDAR\"}"
    intents intents-after
    expect_same intents-before intents-after "the list of intents"
    note "with publishing on, a dry run is still there and stores nothing"
}

publish_twice() {
    call POST /v1/publish publish-1 "$1"
    call POST /v1/publish publish-2 "$1"
    expect_status 200
    expect_text publish-1 '"intents":[{' "the dry run of publishing has no intent"
    expect_text publish-1 '"id":null' "the dry run of publishing stored an intent"
    expect_same publish-1 publish-2 "the dry run of publishing"
}

intents() {
    call GET '/v1/publish/intents?limit=1' "$1"
    expect_status 200
}

# For the users who have it already, and the user of the token.
switch_on() {
    local users=""
    admin GET "/v1/admin/flags/$1" flag
    if grep -qF '"enabled":true' "$WORK/flag"; then
        users="$(sed -n 's/.*"users":\[\([^]]*\)\].*/\1/p' "$WORK/flag")"
    fi
    admin PUT "/v1/admin/flags/$1" flag "{\"enabled\":true,\"users\":[${users:+$users,}\"$(user_id)\"]}"
    note "$1 is on, for the user of the token too"
}

switch_off() {
    admin PUT "/v1/admin/flags/$1" flag '{"enabled":false}'
    note "$1 is off"
}

expect_flags() {
    expect_flag CALENDAR_SERVICE_ENABLED "$1"
    expect_flag PUBLISH_SERVICE_ENABLED "$2"
}

# For the user of the token, as this API process has it. A change takes up to two seconds.
expect_flag() {
    local name="$1" expected="$2" try
    for try in 1 2 3 4 5 6; do
        call GET /v1/flags flags
        expect_status 200
        if grep -qF "\"$name\":$expected" "$WORK/flags"; then return 0; fi
        [ "$try" = 6 ] || sleep 0.5
    done
    fail "$name is not $expected for the user of the token: $(cat "$WORK/flags")"
}

# A calendar of one day, made by the model.
make_calendar() {
    local order='{"channels":["facebook"],"cadence":"daily","start":"2026-01-26","end":"2026-01-26","title":"Smoke test"}'
    call POST /v1/ai/calendar made "$order" -H 'Accept: text/event-stream'
    expect_status 200
    grep -q '"done":true.*"status":"succeeded"\|"status":"succeeded".*"done":true' "$WORK/made" ||
        fail "the calendar did not succeed: $(tail -n 3 "$WORK/made")"
    SMOKE_CALENDAR="$(sed -n 's/.*"calendarId":"\([0-9a-f-]*\)".*/\1/p' "$WORK/made" | tail -n 1)"
    note "a calendar is made and saved"
}

# Sets SMOKE_CALENDAR.
need_calendar() {
    if [ -z "${SMOKE_CALENDAR:-}" ]; then
        call GET '/v1/calendars?limit=1' calendars
        expect_status 200
        SMOKE_CALENDAR="$(sed -n 's/.*"items":\[{"id":"\([0-9a-f-]*\)".*/\1/p' "$WORK/calendars")"
    fi
    [ -n "$SMOKE_CALENDAR" ] || fail "the user has no saved calendar to publish; set SMOKE_CALENDAR, or run: deploy/smoke.sh enable"
}

# The `sub` of the token.
user_id() {
    local claims
    claims="$(printf '%s' "$ALMANAC_TOKEN" | cut -d. -f2 | tr '_-' '/+')"
    while [ $((${#claims} % 4)) -ne 0 ]; do claims="$claims="; done
    printf '%s' "$claims" | base64 -d 2>/dev/null | sed -n 's/.*"sub": *"\([0-9a-f-]*\)".*/\1/p'
}

# `call METHOD path name [body] [curl options]`: the answer's body in the file of this name, its head in `head`.
call() { send "$ALMANAC_TOKEN" "$@"; }

admin() {
    send "$ALMANAC_ADMIN_TOKEN" "$@"
    expect_status 200
}

send() {
    local token="$1" method="$2" path="$3" name="$4" body="${5:-}"
    shift 4
    [ $# = 0 ] || shift
    # In a file, so the token is in no process list.
    (umask 077 && printf 'header = "Authorization: Bearer %s"\n' "$token" >"$WORK/curl.conf")
    [ -z "$body" ] || set -- "$@" -H 'Content-Type: application/json' --data-binary "$body"
    curl -K "$WORK/curl.conf" -sS -m 60 -X "$method" "$@" -D "$WORK/head" -o "$WORK/$name" "${ALMANAC_URL%/}$path" ||
        fail "$method $path was not answered"
    LAST="$method $path" LAST_BODY="$WORK/$name"
}

expect_status() {
    local status
    status="$(sed -n '1s/^[^ ]* \([0-9]*\).*/\1/p' "$WORK/head")"
    [ "$status" = "$1" ] || fail "$LAST was answered $status, not $1: $(head -c 1000 "$LAST_BODY")"
}

expect_text() { grep -qF -- "$2" "$WORK/$1" || fail "$3: $(head -c 1000 "$WORK/$1")"; }

# The same bytes, except the id of the request.
expect_same() {
    local name
    for name in "$1" "$2"; do
        sed -i 's/"requestId":"[^"]*"/"requestId":""/g' "$WORK/$name"
    done
    cmp -s "$WORK/$1" "$WORK/$2" || fail "$3 is not the same twice: $(diff "$WORK/$1" "$WORK/$2" | head -n 10)"
}

need_admin() { : "${ALMANAC_ADMIN_TOKEN:?is a token with the role service_role}"; }

note() { printf '   %s\n' "$*" >&2; }
fail() {
    printf 'smoke: %s\n' "$*" >&2
    exit 1
}

main "$@"
