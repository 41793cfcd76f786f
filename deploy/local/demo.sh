# One generation through real HTTP, its events shown as they arrive, and what to type next. Sourced by run.sh.
# It speaks to the API with curl and a token, as any client would; it knows nothing of the inside.
# shellcheck shell=bash

# A new person each time: five accepted generations in five minutes are one user's share.
DEMO_USER="$(cat /proc/sys/kernel/random/uuid)"

demo() {
    TOKEN="$(AUTH_JWT_SECRET="$AUTH_JWT_SECRET" "$BIN/almanac-api" token --sub "$DEMO_USER" --ttl 86400)"
    # In a file that only its owner reads, so the token stands in no process list.
    (umask 077 && printf 'header = "Authorization: Bearer %s"\nnoproxy = "*"\n' "$TOKEN" >"$LOCAL/curl.conf")
    demo_text >"$LOCAL/demo.json"
    say "one flashcard generation over HTTP: POST $BASE/v1/ai/generations"
    local answer job
    answer="$(demo_submit)" || fail "the API refused the generation: $answer"
    note "$answer"
    job="$(printf '%s' "$answer" | sed -n 's/.*"generation_id": *"\([0-9a-f-]*\)".*/\1/p')"
    [ -n "$job" ] || fail "the answer names no generation"
    say "its events as they arrive: GET $BASE/v1/jobs/$job/events"
    curl -K "$LOCAL/curl.conf" -sS -N -m 120 "$BASE/v1/jobs/$job/events" | tee "$LOCAL/demo.events" | demo_lines
    grep -q '^event: *done' "$LOCAL/demo.events" || fail "the stream ended without its final event; logs are below $LOGS"
    grep -q '^event: *suggestion' "$LOCAL/demo.events" || fail "the generation made no suggestion; logs are below $LOGS"
    DEMO_JOB="$job"
}

# Prints the answer; succeeds only on 202.
demo_submit() {
    local body
    body="$(curl -K "$LOCAL/curl.conf" -sS -m 30 -X POST "$BASE/v1/ai/generations" \
        -H 'Content-Type: application/json' --data-binary "@$LOCAL/demo.json" -w '\n%{http_code}')" || return 1
    printf '%s\n' "${body%$'\n'*}"
    [ "${body##*$'\n'}" = 202 ]
}

# The events without the frames around them, with the time since the stream began.
demo_lines() {
    local line event="" began now
    began="$(date +%s%N)"
    while IFS= read -r line; do
        case "$line" in
            event:*) event="${line#event:}" ;;
            data:*)
                now="$(date +%s%N)"
                printf '   %6d ms  %-12s %.150s\n' "$(((now - began) / 1000000))" "${event# }" "${line#data:}"
                ;;
        esac
    done
}

demo_text() {
    local text="The water cycle moves water between the oceans, the air and the land. The sun warms the surface of the sea, and water evaporates into vapour. Plants add to it by transpiration. As the vapour rises it cools and condenses around dust into droplets, and the droplets make clouds. When they grow heavy, water falls back as rain, snow or hail: precipitation. Some of it runs off into streams and rivers; some of it infiltrates the soil and becomes groundwater, which may stay below for thousands of years. Glaciers and ice caps hold most of the fresh water of the planet. Sublimation turns ice into vapour without melting it first. The cycle carries heat as well: evaporation takes energy from the surface, condensation gives it back to the air, and so the cycle drives much of the weather. People change it by irrigation, by dams, by sealing the ground and by warming the climate, since warmer air holds about seven percent more vapour per degree. Rivers carry dissolved minerals to the sea, which is why the sea is salty while the rain is not."
    printf '{"source_text": "%s"}\n' "$text"
}

invite() {
    cat <<TEXT

   Almanac serves at $BASE  (human page: $BASE/docs)
   Development token, one day, user $DEMO_USER:

     export TOKEN=$TOKEN

   submit       curl -s $BASE/v1/ai/generations -H "Authorization: Bearer \$TOKEN" -H 'Content-Type: application/json' --data-binary @.local/demo.json
   follow       curl -sN $BASE/v1/jobs/$DEMO_JOB/events -H "Authorization: Bearer \$TOKEN"
   suggestions  curl -s $BASE/v1/ai/generations/$DEMO_JOB/suggestions -H "Authorization: Bearer \$TOKEN"
   accept       curl -s -X POST $BASE/v1/ai/generations/$DEMO_JOB/accept -H "Authorization: Bearer \$TOKEN" -H 'Content-Type: application/json' -d '{}'
   export       curl -s "$BASE/v1/cards/export?format=csv" -H "Authorization: Bearer \$TOKEN"

   Logs: .local/log/api.log, .local/log/worker.log. Ctrl-C stops everything.

TEXT
}
