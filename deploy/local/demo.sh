# One calendar over HTTP, its entries printed as they arrive, and commands to continue with. Sourced by run.sh. It uses
# the API with curl and a token, as any client does.
# shellcheck shell=bash

# A new user each time, without an active run.
DEMO_USER="$(cat /proc/sys/kernel/random/uuid)"

# Sets DEMO_PROBLEM: why the demo did not succeed, in a sentence; empty if it did.
demo() {
    TOKEN="$(AUTH_JWT_SECRET="$AUTH_JWT_SECRET" "$BIN/almanac-api" token --sub "$DEMO_USER" --ttl 86400)"
    # In a file that only its owner reads, so the token is in no process list.
    (umask 077 && printf 'header = "Authorization: Bearer %s"\nnoproxy = "*"\n' "$TOKEN" >"$LOCAL/curl.conf")
    demo_order >"$LOCAL/demo.json"
    say "a week of entries for two channels, as they are generated: POST $BASE/v1/ai/calendar"
    # A stream that breaks off is reported below, with what arrived.
    curl -K "$LOCAL/curl.conf" -sS -N -m 120 -X POST "$BASE/v1/ai/calendar" -H 'Content-Type: application/json' \
        --data-binary "@$LOCAL/demo.json" | tee "$LOCAL/demo.events" | demo_lines || true
    DEMO_CALENDAR="$(demo_id calendarId)"
    DEMO_RUN="$(demo_id runId)"
    DEMO_PROBLEM="$(demo_problem)"
    [ -z "$DEMO_PROBLEM" ] || note "$DEMO_PROBLEM"
}

# Why the demo did not succeed. A run by the worker succeeds; the dry run of switched-off calendars does not count.
demo_problem() {
    local events="$LOCAL/demo.events" last status
    last="$(grep '"done":true' "$events" | tail -n 1)" || true
    status="$(demo_text status "$last")"
    if ! grep -q '^event: *' "$events"; then
        demo_sentence "The API refused the request" "$(cat "$events")"
    elif grep -q '"dryRun":true' "$events"; then
        printf 'This was a dry run: calendars are switched off (CALENDAR_SERVICE_ENABLED, or the flag in the database).'
    elif [ -z "$last" ]; then
        printf 'The stream ended before its final event; the logs are in .local/log.'
    elif [ "$status" != succeeded ]; then
        demo_sentence "The run ended with status '$status'" "$last"
    elif ! grep -q '^event: *entry' "$events"; then
        printf 'The run generated no entry; the logs are in .local/log.'
    fi
}

# `demo_sentence "What happened" json`: with the message and the code of the JSON's error, where it has them.
demo_sentence() {
    local message code
    message="$(demo_text message "$2")"
    code="$(demo_text code "$2")"
    printf '%s%s%s; the logs are in .local/log.' "$1" "${message:+: ${message%.}}" "${code:+ ($code)}"
}

# `demo_text name json`: the first text of this name, as text.
demo_text() {
    local text='"'"$1"'":"(([^"\\]|\\.)*)"'
    [[ "$2" =~ $text ]] && demo_unescaped "${BASH_REMATCH[1]}"
    return 0
}

# The content of a JSON string, on one line.
demo_unescaped() {
    local text="$1"
    text="${text//\\n/ }"
    text="${text//\\\"/\"}"
    printf '%s' "${text//\\\\/\\}"
}

# An id of the final event's meta.
demo_id() { grep '"done":true' "$LOCAL/demo.events" | sed -n "s/.*\"$1\":\"\([0-9a-f-]*\)\".*/\1/p" | tail -n 1 || true; }

# One line per entry: date, time, channel, title. Progress is one line below them, rewritten on a terminal.
demo_lines() {
    local line event="" began shown=0 progress="" count='"completed":([0-9]+),"total":([0-9]+)'
    began="$(date +%s%N)"
    while IFS= read -r line; do
        case "$line" in
            event:*) event="${line#event:}" event="${event# }" ;;
            data:*)
                if [ "$event" = entry ]; then
                    demo_over
                    demo_entry "$line"
                    shown=$((shown + 1))
                elif [ "$event" = progress ] && [[ "$line" =~ $count ]]; then
                    progress="of ${BASH_REMATCH[2]} entries"
                fi
                demo_over "${progress:+$shown $progress}"
                ;;
        esac
    done
    demo_over
    if [ -n "$progress" ]; then
        printf '   %d %s in %d.%01d s\n' "$shown" "$progress" $((($(date +%s%N) - began) / 1000000000)) \
            $((($(date +%s%N) - began) / 100000000 % 10))
    fi
}

# Rewrites the last line of a terminal; prints nothing elsewhere.
demo_over() {
    if [ -t 1 ]; then printf '\r\033[K%s' "${1:+   $1}"; fi
}

demo_entry() {
    local title
    title="$(demo_text title "$1")"
    printf '   %s %s  %-10s %.90s\n' "$(demo_text date "$1")" "$(demo_text time "$1")" "$(demo_text channel "$1")" "$title"
}

# A week on two channels, from today.
demo_order() {
    local today now
    now="$(date +%s)"
    today="$(date -u -d "@$now" +%F)"
    printf '{"title": "A week of coffee", "channels": ["linkedin", "instagram"], "cadence": "daily", "start": "%s", "end": "%s", "timezone": "Europe/Paris", "constraints": {"topics": ["slow coffee", "the roastery"], "tone": "warm", "language": "en"}}\n' \
        "$today" "$(date -u -d "@$((now + 6 * 86400))" +%F)"
}

invite() {
    cat <<TEXT

   Almanac serves at $BASE  (${CONSOLE_DIR:+console: $BASE/console, }documentation: $BASE/docs)
   Development token, one day, user $DEMO_USER:

     export TOKEN=$TOKEN

   generate  curl -sN $BASE/v1/ai/calendar -H "Authorization: Bearer \$TOKEN" -H 'Content-Type: application/json' --data-binary @.local/demo.json
TEXT
    # Without a saved run there is nothing to show.
    if [ -n "$DEMO_CALENDAR" ] && [ -n "$DEMO_RUN" ]; then
        cat <<TEXT
   show      curl -s $BASE/v1/calendars/$DEMO_CALENDAR -H "Authorization: Bearer \$TOKEN"
   replay    curl -sN $BASE/v1/jobs/$DEMO_RUN/events -H "Authorization: Bearer \$TOKEN"
   accept    curl -s -X POST $BASE/v1/calendars/$DEMO_CALENDAR/runs/$DEMO_RUN/accept -H "Authorization: Bearer \$TOKEN" -H 'Content-Type: application/json' -d '{}'
   export    curl -s "$BASE/v1/calendars/$DEMO_CALENDAR/export?format=ics" -H "Authorization: Bearer \$TOKEN"
TEXT
    fi
    invite_to_publish
    invite_to_mail
    cat <<TEXT

   Logs: .local/log/api.log, .local/log/worker.log. Ctrl-C stops everything.

TEXT
}
