# One calendar through real HTTP, its entries shown as they arrive, and what to type next. Sourced by run.sh.
# It speaks to the API with curl and a token, as any client would; it knows nothing of the inside.
# shellcheck shell=bash

# A new person each time, who has no run on its way.
DEMO_USER="$(cat /proc/sys/kernel/random/uuid)"

demo() {
    TOKEN="$(AUTH_JWT_SECRET="$AUTH_JWT_SECRET" "$BIN/almanac-api" token --sub "$DEMO_USER" --ttl 86400)"
    # In a file that only its owner reads, so the token stands in no process list.
    (umask 077 && printf 'header = "Authorization: Bearer %s"\nnoproxy = "*"\n' "$TOKEN" >"$LOCAL/curl.conf")
    demo_order >"$LOCAL/demo.json"
    say "one calendar over HTTP, its entries as they are made: POST $BASE/v1/ai/calendar"
    note "$(cat "$LOCAL/demo.json")"
    curl -K "$LOCAL/curl.conf" -sS -N -m 120 -X POST "$BASE/v1/ai/calendar" -H 'Content-Type: application/json' \
        --data-binary "@$LOCAL/demo.json" | tee "$LOCAL/demo.events" | demo_lines
    demo_was_real
    DEMO_CALENDAR="$(demo_word calendarId)"
    DEMO_RUN="$(demo_word runId)"
    [ -n "$DEMO_CALENDAR" ] && [ -n "$DEMO_RUN" ] || fail "the stream names no calendar: $LOCAL/demo.events"
}

# A run by the worker, to its end: not the dry run that is answered while calendars are switched off.
demo_was_real() {
    local seen="$LOCAL/demo.events"
    grep -q '^event: *' "$seen" || fail "the API refused the calendar: $(cat "$seen")"
    ! grep -q '"dryRun":true' "$seen" || fail "calendars are switched off (CALENDAR_SERVICE_ENABLED, or the flag in the database)"
    grep -q '^event: *done' "$seen" || fail "the stream ended without its final event; logs are below $LOGS"
    grep -q '"data":{"status":"succeeded"' "$seen" || fail "the run did not succeed; logs are below $LOGS"
    grep -q '^event: *entry' "$seen" || fail "the run made no entry; logs are below $LOGS"
}

# A word of the final event's meta.
demo_word() { grep '"done":true' "$LOCAL/demo.events" | sed -n "s/.*\"$1\":\"\([0-9a-f-]*\)\".*/\1/p" | tail -n 1; }

# The events without the frames around them, with the time since the stream began: of an entry when, where and what.
demo_lines() {
    local line event="" shown began now
    local entry='"key":"([^"]*)".*"time":"([^"]*)".*"title":"(([^"\\]|\\.)*)"'
    began="$(date +%s%N)"
    while IFS= read -r line; do
        case "$line" in
            event:*) event="${line#event:}" event="${event# }" ;;
            data:*)
                now="$(date +%s%N)"
                shown="${line#data:}"
                if [ "$event" = entry ] && [[ "$shown" =~ $entry ]]; then
                    shown=" ${BASH_REMATCH[1]} ${BASH_REMATCH[2]}  ${BASH_REMATCH[3]}"
                fi
                printf '   %6d ms  %-9s%.150s\n' "$(((now - began) / 1000000))" "$event" "$shown"
                ;;
        esac
    done
}

# A week on two channels, from today.
demo_order() {
    local today now
    now="$(date +%s)"
    today="$(date -u -d "@$now" +%F)"
    printf '{"title": "A week of coffee", "channels": ["instagram", "blog"], "cadence": "daily", "start": "%s", "end": "%s", "timezone": "Europe/Paris", "constraints": {"topics": ["slow coffee", "the roastery"], "tone": "warm", "language": "en"}}\n' \
        "$today" "$(date -u -d "@$((now + 6 * 86400))" +%F)"
}

invite() {
    cat <<TEXT

   Almanac serves at $BASE  (human page: $BASE/docs)
   Development token, one day, user $DEMO_USER:

     export TOKEN=$TOKEN

   generate  curl -sN $BASE/v1/ai/calendar -H "Authorization: Bearer \$TOKEN" -H 'Content-Type: application/json' --data-binary @.local/demo.json
   show      curl -s $BASE/v1/calendars/$DEMO_CALENDAR -H "Authorization: Bearer \$TOKEN"
   replay    curl -sN $BASE/v1/jobs/$DEMO_RUN/events -H "Authorization: Bearer \$TOKEN"
   accept    curl -s -X POST $BASE/v1/calendars/$DEMO_CALENDAR/runs/$DEMO_RUN/accept -H "Authorization: Bearer \$TOKEN" -H 'Content-Type: application/json' -d '{}'
   export    curl -s "$BASE/v1/calendars/$DEMO_CALENDAR/export?format=ics" -H "Authorization: Bearer \$TOKEN"

   Logs: .local/log/api.log, .local/log/worker.log. Ctrl-C stops everything.

TEXT
}
