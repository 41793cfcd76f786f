// Generated from api/openapi.yaml by `npm run generate`. Do not edit.
export interface paths {
    "/ai/generations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List generations, newest first */
        get: operations["listGenerations"];
        put?: never;
        /**
         * Generate flashcards from a text
         * @description Answers 202 by default. `Accept: text/event-stream` and `application/x-ndjson` stream the events of the job, and
         *     `Prefer: wait=n` waits for the finished generation. Five generations per 300 s and user, unless configured
         *     otherwise. A model that the operator does not allow is 422 `MODEL_NOT_ALLOWED`.
         */
        post: operations["createGeneration"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/ai/generations/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Show a generation */
        get: operations["showGeneration"];
        put?: never;
        post?: never;
        /**
         * Delete a generation and its suggestions
         * @description Its cards stay. A generation whose job has not ended is 409 `ACTIVE_GENERATION`: cancel the job first.
         */
        delete: operations["deleteGeneration"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/ai/generations/{id}/suggestions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the suggestions of a generation, oldest first */
        get: operations["listSuggestions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/ai/suggestions/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /**
         * Edit a suggestion
         * @description An accepted or rejected suggestion is 409 `ALREADY_FINAL`.
         */
        patch: operations["updateSuggestion"];
        trace?: never;
    };
    "/ai/generations/{id}/accept": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Accept suggestions as cards
         * @description Accepts the given suggestions, or all proposed and edited ones. Idempotent: one card per suggestion.
         */
        post: operations["acceptSuggestions"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/ai/generations/{id}/reject": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Reject suggestions
         * @description Rejects the given suggestions, or all proposed and edited ones. Idempotent.
         */
        post: operations["rejectSuggestions"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/cards": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List cards, newest first */
        get: operations["listCards"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/cards/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Download all cards as a file
         * @description `anki` is tab-separated text for Anki's importer.
         */
        get: operations["exportCards"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/cards/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Show a card */
        get: operations["showCard"];
        put?: never;
        post?: never;
        /** Delete a card */
        delete: operations["deleteCard"];
        options?: never;
        head?: never;
        /** Edit a card */
        patch: operations["updateCard"];
        trace?: never;
    };
    "/ai/calendar": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Generate a calendar, or a new run of one
         * @description Answers server-sent events by default, `Accept: application/x-ndjson` the same events as lines, and
         *     `Accept: application/json` 202, or with `Prefer: wait=n` the finished calendar. A user has at most one active run
         *     of a calendar or organic week (409 `ACTIVE_GENERATION`). The first run of a calendar is saved at once, a later one
         *     changes nothing until it is accepted. While `CALENDAR_SERVICE_ENABLED` is off or nothing can be stored, the answer
         *     is a deterministic dry run with `meta.dryRun`, which has no job and no `Location`. A 503 with `Location` may have
         *     been accepted: repeat the request with the same `Idempotency-Key`.
         */
        post: operations["createCalendar"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/calendars": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List calendars, newest first, without their entries */
        get: operations["listCalendars"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/calendars/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Show a calendar with its saved entries */
        get: operations["showCalendar"];
        put?: never;
        post?: never;
        /**
         * Delete a calendar with its runs and entries
         * @description A calendar with an active run is 409 `ACTIVE_GENERATION`: cancel the job of the run first.
         */
        delete: operations["deleteCalendar"];
        options?: never;
        head?: never;
        /** Rename a calendar */
        patch: operations["updateCalendar"];
        trace?: never;
    };
    "/calendars/{id}/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Download the saved entries as a file */
        get: operations["exportCalendar"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/calendars/{id}/entries": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Add an entry by hand */
        post: operations["addEntry"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/calendars/{id}/entries/{entry}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Delete an entry
         * @description No later run restores it, unless an accept names its key.
         */
        delete: operations["deleteEntry"];
        options?: never;
        head?: never;
        /**
         * Edit an entry
         * @description A merge patch. Every field that is sent counts as edited by a person, also with an unchanged value, and no run
         *     overwrites it unless an accept names it. `source` is `human` only for entries that were added by hand.
         */
        patch: operations["updateEntry"];
        trace?: never;
    };
    "/calendars/{id}/runs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the runs of a calendar, newest first */
        get: operations["listRuns"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/calendars/{id}/runs/{run}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Show a run with its generated entries */
        get: operations["showRun"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/calendars/{id}/runs/{run}/diff": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Compare a run with the saved entries */
        get: operations["diffRun"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/calendars/{id}/runs/{run}/accept": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Accept a run, or parts of it
         * @description Merges the run into the saved entries. Fields edited since they were last accepted stay unless they are named, and
         *     a field that already has the run's value is no conflict. `keys` restricts the accept to these entries; it also
         *     permits the removal of an edited entry that the run no longer has, and the return of a deleted one. `fields`
         *     restricts an entry to these fields and permits overwriting them. `overwriteEdits` permits overwriting every field.
         *     An entry that returns keeps its edited fields unless overwriting them is permitted. A slot that the run could not
         *     fill removes nothing. Idempotent. A run that has not ended is 409 `UNFINISHED`.
         */
        post: operations["acceptRun"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/brands": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List brands, newest first */
        get: operations["listBrands"];
        put?: never;
        /**
         * Create a brand
         * @description An id of another brand of the caller is 409 `ALREADY_EXISTS`. Ids are unique per user.
         */
        post: operations["createBrand"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/brands/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Show a brand */
        get: operations["showBrand"];
        put?: never;
        post?: never;
        /** Delete a brand with its accounts, trends, assets and placements */
        delete: operations["deleteBrand"];
        options?: never;
        head?: never;
        /** Edit a brand */
        patch: operations["updateBrand"];
        trace?: never;
    };
    "/brands/{id}/import": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Import accounts, trends and assets
         * @description Imports all or none. An item with a known id replaces the stored one; of a repeated id the last item counts; an item
         *     without an id is always new. At most 2,000 of each kind.
         */
        post: operations["importBrand"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/brands/{id}/accounts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the accounts of a brand, newest first */
        get: operations["listPlatformAccounts"];
        put?: never;
        /**
         * Add an account to a brand
         * @description An id of another account of the brand is 409 `ALREADY_EXISTS`. Unknown fields are ignored.
         */
        post: operations["createPlatformAccount"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/brands/{id}/accounts/{account}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Show an account */
        get: operations["showPlatformAccount"];
        put?: never;
        post?: never;
        /** Delete an account */
        delete: operations["deletePlatformAccount"];
        options?: never;
        head?: never;
        /** Edit an account */
        patch: operations["updatePlatformAccount"];
        trace?: never;
    };
    "/brands/{id}/trends": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the trends of a brand, newest first */
        get: operations["listTrends"];
        put?: never;
        /**
         * Add a trend to a brand
         * @description An id of another trend of the brand is 409 `ALREADY_EXISTS`. Unknown fields are ignored.
         */
        post: operations["createTrend"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/brands/{id}/trends/{trend}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Show a trend */
        get: operations["showTrend"];
        put?: never;
        post?: never;
        /** Delete a trend */
        delete: operations["deleteTrend"];
        options?: never;
        head?: never;
        /** Edit a trend */
        patch: operations["updateTrend"];
        trace?: never;
    };
    "/brands/{id}/assets": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the assets of a brand, newest first */
        get: operations["listAssets"];
        put?: never;
        /**
         * Add an asset to a brand
         * @description An id of another asset of the brand is 409 `ALREADY_EXISTS`. Unknown fields are ignored.
         */
        post: operations["createAsset"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/brands/{id}/assets/{asset}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Show an asset */
        get: operations["showAsset"];
        put?: never;
        post?: never;
        /** Delete an asset */
        delete: operations["deleteAsset"];
        options?: never;
        head?: never;
        /** Edit an asset */
        patch: operations["updateAsset"];
        trace?: never;
    };
    "/organic/generate-calendar": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Generate the placements of a brand's week
         * @description Answers NDJSON by default, one line per event; `Accept: text/event-stream` the same as server-sent events, and
         *     `Accept: application/json` 202, or with `Prefer: wait=n` the finished week. A refused request is answered before the
         *     first line; a placement that cannot be generated is an `error` line. The last line is always `complete`. A user has
         *     at most one active run of a calendar or organic week (409 `ACTIVE_GENERATION`). An account that is not linked to the
         *     brand is 403.
         */
        post: operations["generateWeek"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/brands/{id}/placements": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List placements of a brand, ordered by time
         * @description A `weekStart` that is not a Monday is 422 `NOT_A_MONDAY`.
         */
        get: operations["listPlacements"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/brands/{id}/placements/{placement}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Delete a placement
         * @description A later request with its id generates it again.
         */
        delete: operations["deletePlacement"];
        options?: never;
        head?: never;
        /**
         * Edit a placement
         * @description A merge patch in the shape of the `placement` event, e.g. `{"copy": {"caption": "…"}}`. No later run overwrites a
         *     field that was edited.
         */
        patch: operations["updatePlacement"];
        trace?: never;
    };
    "/channels": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the channels with the connected accounts */
        get: operations["listChannels"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/channels/{channel}/accounts/{account}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Show a connected account */
        get: operations["showConnectedAccount"];
        /**
         * Connect an account, or replace its tokens and settings
         * @description All fields are replaced; an absent one is removed. Tokens are encrypted, and no answer shows them. An `externalId`
         *     that cannot be one of the channel is 422 `RULE_REFUSED`. Without a `CREDENTIALS_KEY` on the server it is 422
         *     `CHANNEL_NOT_CONFIGURED`.
         */
        put: operations["connectAccount"];
        post?: never;
        /** Disconnect an account and delete its tokens */
        delete: operations["disconnectAccount"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/publish": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Publish entries of a calendar, or placements of a brand
         * @description Each entry goes to its own channel. By default nothing is published: a dry run answers 200 with the requests
         *     that would be sent, and with the flaws and warnings of each entry. `dryRun: false` submits one intent and one
         *     job for each entry; an entry that its channel does not take as it is has `failed` in the answer already, and keeps
         *     no other from its post. Missing credentials, configuration or options, and accounts that are not clear, refuse the
         *     whole request. `planHash` of a dry run makes sure that exactly what was shown is published (409 `PLAN_STALE`), to
         *     the accounts as they were. Without it, an entry that is saved again before it is due is published as it is then;
         *     with `publishAt: "entry"` it moves with its entry, to a later time only. `repost` publishes again what is
         *     published; an intent that is on its way or needs a review is 409 `ALREADY_PUBLISHED` all the same. The limit of
         *     1,000 entries is on what is named or, without names, on the calendar. While `PUBLISH_SERVICE_ENABLED` is off
         *     for the caller, the answer is a dry run whatever `dryRun` says. While Postgres cannot be reached, a dry run has
         *     no intents and the warning `STORE_UNAVAILABLE`; a real call is kept on disk if it has an `Idempotency-Key`, else
         *     it is 503.
         */
        post: operations["publish"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/publish/plans/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Show a plan with its intents */
        get: operations["showPlan"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/publish/plans/{id}/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Follow the intents of a plan
         * @description Server-sent events by default, NDJSON with `Accept: application/x-ndjson`. Sends one `result` for each intent as it
         *     stands, then one for each change, and `done` when nothing changes any more without a person: an intent that needs a
         *     review does not keep the stream open. Events have no `seq`; a client that connects again sees the present.
         */
        get: operations["followPlan"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/publish/intents": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List intents, newest first */
        get: operations["listIntents"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/publish/intents/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Show an intent */
        get: operations["showIntent"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/publish/intents/{id}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Cancel an intent
         * @description One that waits ends at once, and one that a worker has ends soon. One whose post was sent is looked up first: it ends as
         *     `published` if the channel has the post. A final one, and one that needs a review, is 409 `ALREADY_FINAL`.
         */
        post: operations["cancelIntent"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/publish/intents/{id}/retry": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Retry a failed intent
         * @description A new job of the same intent, with the entry as it was accepted, unless it was saved since. One that was published or
         *     cancelled, or needs a review, is 409 `ALREADY_FINAL`, one that has not ended 409 `UNFINISHED`, and one whose entry has
         *     another intent on its way to the account 409 `ALREADY_PUBLISHED`. While `PUBLISH_SERVICE_ENABLED` is off for the caller
         *     it is 409 `SERVICE_DISABLED`.
         */
        post: operations["retryIntent"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/publish/intents/{id}/resolve": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Resolve an intent that needs a review
         * @description A person has looked on the channel: the post is there (`published`, perhaps with its address), or it is not
         *     (`not_published`: the intent has failed and can be retried). Writes the intent's receipt. An intent that needs no
         *     review is 409 `ALREADY_FINAL`, one that has not ended 409 `UNFINISHED`.
         */
        post: operations["resolveIntent"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/publish/intents/{id}/receipt": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Show the receipt of an intent
         * @description The newest one: a retry that ends writes another. Before the intent has ended 404 `NOT_FINAL`; if it ended before
         *     anything was sent 404 `NO_RECEIPT`.
         */
        get: operations["showReceipt"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/publish/receipts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Download all receipts, oldest first
         * @description `almanac-api verify-receipts FILE` checks that none was changed, removed or moved.
         */
        get: operations["exportReceipts"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/publish/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Export the saved entries of a calendar
         * @description The file of `GET /calendars/{id}/export`, with edits as they are saved. While `PUBLISH_SERVICE_ENABLED` is off for the
         *     caller the same file has `X-Dry-Run: true`.
         */
        post: operations["exportForPublishing"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/themes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List themes, newest first */
        get: operations["listThemes"];
        put?: never;
        /** Create a theme */
        post: operations["createTheme"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/themes/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Show a theme */
        get: operations["showTheme"];
        put?: never;
        post?: never;
        /**
         * Delete a theme with its schedule, syntheses and mails
         * @description Mails that were not sent yet are not sent. A theme with an active synthesis is 409 `ACTIVE_GENERATION`: cancel its job
         *     first.
         */
        delete: operations["deleteTheme"];
        options?: never;
        head?: never;
        /**
         * Edit a theme
         * @description A feed that stays keeps what its last fetch left.
         */
        patch: operations["updateTheme"];
        trace?: never;
    };
    "/themes/{id}/sources": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Show the feeds of a theme, as their last fetches left them */
        get: operations["listSources"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/themes/{id}/schedule": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Show the schedule of a theme; null if it has none */
        get: operations["showSchedule"];
        /**
         * Save the schedule of a theme
         * @description All fields are replaced. With `If-None-Match: *` the theme must have no schedule. A schedule whose time of today has passed is due at once, unless the theme has fired today.
         */
        put: operations["saveSchedule"];
        post?: never;
        /**
         * Delete the schedule of a theme
         * @description Idempotent. A theme that has fired today does not fire again today when a new schedule is saved.
         */
        delete: operations["deleteSchedule"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/themes/{id}/schedule/preview": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Show when a schedule fires
         * @description A fire that is due and was not handled yet is among them. At most 250; a later `from` shows what follows. Empty while
         *     the schedule is off.
         */
        get: operations["previewSchedule"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/themes/{id}/schedule/decisions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List what became of the fires of a schedule, newest first */
        get: operations["listDecisions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/themes/{id}/schedule/test-mail": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Mail the latest synthesis to the caller
         * @description To the address in the token; a token without one is 422 `NO_EMAIL`. A theme without a synthesis is 422 `NO_SYNTHESIS`.
         *     The mail has the theme's unsubscribe link, and a suppressed address gets none.
         */
        post: operations["sendTestMail"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/themes/{id}/syntheses": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the syntheses of a theme, newest first */
        get: operations["listSyntheses"];
        put?: never;
        /**
         * Sum up the feeds of a theme
         * @description Answers 202 by default, and a stream or the finished synthesis as the other generations do. It is mailed to nobody:
         *     schedules mail. A user has at most one active synthesis (409 `ACTIVE_GENERATION`). One without anything new ends as
         *     `failed` with `NO_NEWS`.
         */
        post: operations["createSynthesis"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/syntheses/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Show a synthesis */
        get: operations["showSynthesis"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/syntheses/{id}/html": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Show a synthesis as a web page, as mails show it */
        get: operations["showSynthesisPage"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/syntheses/{id}/deliveries": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the mails of a synthesis, one per recipient */
        get: operations["listDeliveries"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/unsubscribe/{token}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Show the page of an unsubscribe link
         * @description Changes nothing: scanners of mail follow links. The page has one button for the theme and one for all mail of this
         *     service.
         */
        get: operations["showUnsubscribe"];
        put?: never;
        /**
         * Unsubscribe (RFC 8058)
         * @description Ends the mails of the theme to the recipient of the link; `scope=all` in the form ends all mail of this service to
         *     that address. Needs no session and no further header. Idempotent.
         */
        post: operations["unsubscribe"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/webhooks/resend": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Take a report of Resend about a mail
         * @description The signature covers the exact bytes of the body. A report about a mail that does not exist is taken, too.
         */
        post: operations["receiveResendEvent"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/deliveries": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List mails of all users, newest first
         * @description Those that were not delivered, or all of one status. Addresses are not shown.
         */
        get: operations["listAllDeliveries"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/jobs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List jobs, newest first */
        get: operations["listJobs"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/jobs/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Show a job */
        get: operations["showJob"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/jobs/{id}/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Follow the events of a job
         * @description Server-sent events by default, NDJSON with `Accept: application/x-ndjson`. Sends the stored events, then live ones,
         *     and ends after the final event. Resume with `Last-Event-ID`, or with `after`, which the header overrides; a position
         *     after the end of the log is 409 `SEQ_AHEAD`. Takes a ticket, too.
         */
        get: operations["followJob"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/jobs/{id}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Cancel a job
         * @description Idempotent. Aborts the running call of the model; results that were stored are kept.
         */
        post: operations["cancelJob"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/jobs/{id}/explain": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Explain why a job waits or failed */
        get: operations["explainJob"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/tickets": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Create a ticket for the events of a job
         * @description For clients that cannot set headers, such as a browser's `EventSource`. Valid for one job and 5 minutes, reusable.
         */
        post: operations["makeTicket"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/session": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Show the user of the session or token */
        get: operations["showSession"];
        put?: never;
        /**
         * Start a session
         * @description Sets the cookie `almanac_session` to the bearer token of this request, until the token expires.
         */
        post: operations["makeSession"];
        /**
         * End the session
         * @description Clears the cookie, also one with an expired token.
         */
        delete: operations["deleteSession"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/me/data": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Erase all data of the caller
         * @description Cancels active jobs and removes content, idempotency keys and logs that exist at the time of the request. Records of
         *     effects outside this service stay, as hashes. A request during an erasure answers with the same job.
         */
        delete: operations["eraseMyData"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/flags/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Show a flag */
        get: operations["showFlag"];
        /**
         * Set a flag
         * @description Replaces its value and its users. All processes use the new value within two seconds.
         */
        put: operations["updateFlag"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/queues": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Show the load of all lanes */
        get: operations["listQueues"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/jobs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the jobs of all users, newest first */
        get: operations["listAllJobs"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/dead": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List dead jobs, newest first
         * @description A job is dead after it crashed its workers too often; its status is `failed` with code `POISON`.
         */
        get: operations["listDeadJobs"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/jobs/{id}/retry": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Retry a job that has ended
         * @description Submits a new job with its own event log for the same user; no rate limit counts it. A job that has not ended is 409
         *     `UNFINISHED`, a job without anything left to do 422 `RULE_REFUSED`, and a user who is being erased 409
         *     `ACTIVE_GENERATION`. A retried erasure covers what existed at the time of the first request.
         */
        post: operations["retryJob"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/flags": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Show the feature flags of the caller */
        get: operations["showFlags"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/version": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Show the version of the service */
        get: operations["showVersion"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /**
         * AIGenerationDTO
         * @description A generation.
         * @example {
         *       "id": "0198c4a2-7d1e-7c3a-9f00-5b1e6d0c2a11",
         *       "status": "succeeded",
         *       "model": "openai/gpt-4o-mini",
         *       "prompt_version": "1",
         *       "tokens_input": 812,
         *       "tokens_output": 340,
         *       "cost_usd": 0.0004,
         *       "ai_metadata": null,
         *       "error": null,
         *       "created_at": "2026-01-20T09:30:00Z",
         *       "finished_at": "2026-01-20T09:30:12Z",
         *       "suggestion_count": 10
         *     }
         */
        AIGenerationDTO: {
            /** @description Also the id of its job. */
            id: string;
            status: components["schemas"]["GenerationStatus"];
            model: string;
            prompt_version: string;
            /**
             * Format: int32
             * @description Input tokens of all calls.
             */
            tokens_input: number | null;
            /**
             * Format: int32
             * @description Output tokens of all calls.
             */
            tokens_output: number | null;
            /**
             * Format: double
             * @description Cost in US dollars, if the provider reports it.
             */
            cost_usd: number | null;
            /** @description The last call of the model. */
            ai_metadata: components["schemas"]["AIMetadata"] | null;
            /** @description Why the generation failed or was cancelled. */
            error: components["schemas"]["Failure"] | null;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            finished_at: string | null;
            /**
             * Format: int64
             * @description Number of suggestions so far.
             */
            suggestion_count: number;
        };
        /**
         * AIMetadata
         * @description The call of the model that ended a generation.
         */
        AIMetadata: {
            provider: string;
            /** @description The model that answered. */
            model: string | null;
            /** @description The provider's id of the call. */
            provider_ref: string | null;
            finish_reason: string | null;
            /**
             * Format: int64
             * @description Milliseconds from the start of the job to its end.
             */
            latency_ms: number;
            /** @description Items in the answer by what became of them. */
            items: unknown;
        };
        /**
         * AcceptChoice
         * @description A choice from a run. Without one, everything is accepted that overwrites no edit.
         * @example {
         *       "keys": [
         *         "instagram:2026-01-26:1"
         *       ]
         *     }
         */
        AcceptChoice: {
            /** @description Only these entries. A named key also permits the removal of an edited entry and the return of a deleted one. */
            keys?: string[] | null;
            /** @description By key: only these fields of the entry, also where a person edited them. */
            fields?: {
                [key: string]: components["schemas"]["EntryField"][];
            } | null;
            /** @description Overwrite edited fields; false if absent. */
            overwriteEdits?: boolean | null;
        };
        /**
         * AcceptDone
         * @description The result of an accept.
         * @example {
         *       "entries": [
         *         {
         *           "id": "0198c4a2-7d1e-7c3a-9f00-5b1e6d0c2a11",
         *           "key": "instagram:2026-01-26:1",
         *           "version": 1,
         *           "channel": "instagram",
         *           "date": "2026-01-26",
         *           "time": "09:00",
         *           "timezone": "Europe/Paris",
         *           "scheduledAt": "2026-01-26T08:00:00Z",
         *           "title": "Five slow coffees",
         *           "topic": "slow coffee",
         *           "format": "reel",
         *           "caption": "Take your time.",
         *           "hashtags": [
         *             "#slowcoffee"
         *           ],
         *           "notes": "",
         *           "media": [],
         *           "source": "ai",
         *           "editedFields": [],
         *           "updatedAt": "2026-01-20T09:30:12Z"
         *         }
         *       ],
         *       "added": [
         *         "instagram:2026-01-26:1"
         *       ],
         *       "updated": [],
         *       "removed": [],
         *       "skipped": []
         *     }
         */
        AcceptDone: {
            /** @description The saved entries after the accept. */
            entries: components["schemas"]["EntryResponse"][];
            /** @description Keys of new entries, and of deleted ones that returned. */
            added: string[];
            /** @description Keys of changed entries. */
            updated: string[];
            /** @description Keys of removed entries. */
            removed: string[];
            /** @description Parts of the run that were not accepted. */
            skipped: components["schemas"]["SkippedResponse"][];
        };
        /**
         * AcceptedCards
         * @description The cards of accepted suggestions, also those of an earlier accept.
         * @example {
         *       "cards": [
         *         {
         *           "id": "0198c4a2-81b0-7e55-8a3d-2f6a9c417b02",
         *           "suggestion_id": "0198c4a2-81b0-7e55-8a3d-2f6a9c417b02",
         *           "generation_id": "0198c4a2-7d1e-7c3a-9f00-5b1e6d0c2a11",
         *           "front": "What is a mitochondrion?",
         *           "back": "An organelle that makes ATP",
         *           "created_at": "2026-01-20T09:30:12Z",
         *           "updated_at": "2026-01-20T09:30:12Z"
         *         }
         *       ]
         *     }
         */
        AcceptedCards: {
            /** @description In the order of the suggestions. */
            cards: components["schemas"]["Card"][];
        };
        /**
         * @description Status of accepted work.
         * @enum {string}
         */
        AcceptedStatus: "pending";
        /**
         * @description Whether posts can be sent to an account: `expired` tokens cannot be refreshed, `invalid` ones were refused by the channel, `unreadable` ones were encrypted with a key that the server no longer has.
         * @enum {string}
         */
        AccountHealth: "ok" | "expired" | "invalid" | "unreadable";
        /**
         * @description How an Instagram account is connected.
         * @enum {string}
         */
        AccountLogin: "instagram" | "facebook";
        /**
         * AccountPage
         * @description A page of accounts.
         * @example {
         *       "items": [
         *         {
         *           "id": "acc_ig_1",
         *           "platform": "instagram",
         *           "name": "@beanandco",
         *           "state": "connected",
         *           "createdAt": "2026-01-20T09:30:00Z",
         *           "updatedAt": "2026-01-20T09:30:00Z"
         *         }
         *       ],
         *       "nextCursor": null
         *     }
         */
        AccountPage: {
            /** @description Newest first. */
            items: components["schemas"]["AccountResponse"][];
            /** @description Cursor of the next page; null on the last one. */
            nextCursor: string | null;
        };
        /**
         * AccountPatch
         * @description A merge patch of an account. Unknown fields and `id` are ignored.
         * @example {
         *       "state": "disconnected"
         *     }
         */
        AccountPatch: {
            platform?: components["schemas"]["SeedPlatform"];
            /** @description 1 to 200 characters. */
            name?: string;
            /** @description Null is `connected`. */
            state?: components["schemas"]["PlatformAccountState"] | null;
        };
        /**
         * AccountResponse
         * @description An account on a platform.
         * @example {
         *       "id": "acc_ig_1",
         *       "platform": "instagram",
         *       "name": "@beanandco",
         *       "state": "connected",
         *       "createdAt": "2026-01-20T09:30:00Z",
         *       "updatedAt": "2026-01-20T09:30:00Z"
         *     }
         */
        AccountResponse: {
            id: string;
            platform: components["schemas"]["SeedPlatform"];
            name: string;
            state: components["schemas"]["PlatformAccountState"];
            /** Format: date-time */
            createdAt: string;
            /** Format: date-time */
            updatedAt: string;
        };
        /**
         * ActiveJob
         * @description The job that conflicts with the request.
         */
        ActiveJob: {
            /** @description Id of the job. */
            id: string;
            /** @description Kind of the job, e.g. `calendar.generate`. */
            kind: string;
            /** @description Links of the job. */
            urls: components["schemas"]["Urls"];
        };
        /**
         * AdminDelivery
         * @description A mail of any user, without its address.
         * @example {
         *       "id": "0198c4a2-81b0-7e55-8a3d-2f6a9c417b02",
         *       "userId": "0198c4a2-81b0-7e55-8a3d-2f6a9c417b02",
         *       "synthesisId": "0198c4a2-7d1e-7c3a-9f00-5b1e6d0c2a11",
         *       "status": "failed",
         *       "error": {
         *         "code": "EMAIL_REJECTED",
         *         "message": "The mail provider refused the mail."
         *       },
         *       "providerRef": null,
         *       "createdAt": "2026-01-20T09:30:00Z",
         *       "updatedAt": "2026-01-20T09:30:12Z"
         *     }
         */
        AdminDelivery: {
            /** @description Equal to the id of its job. */
            id: string;
            userId: string;
            synthesisId: string;
            status: components["schemas"]["DeliveryStatus"];
            /** @description Why it was not delivered. */
            error: components["schemas"]["Failure"] | null;
            /** @description The mail provider's id. */
            providerRef: string | null;
            /** Format: date-time */
            createdAt: string;
            /** Format: date-time */
            updatedAt: string;
        };
        /**
         * AdminDeliveryPage
         * @description A page of mails of any user.
         * @example {
         *       "items": [
         *         {
         *           "id": "0198c4a2-81b0-7e55-8a3d-2f6a9c417b02",
         *           "userId": "0198c4a2-81b0-7e55-8a3d-2f6a9c417b02",
         *           "synthesisId": "0198c4a2-7d1e-7c3a-9f00-5b1e6d0c2a11",
         *           "status": "failed",
         *           "error": {
         *             "code": "EMAIL_REJECTED",
         *             "message": "The mail provider refused the mail."
         *           },
         *           "providerRef": null,
         *           "createdAt": "2026-01-20T09:30:00Z",
         *           "updatedAt": "2026-01-20T09:30:12Z"
         *         }
         *       ],
         *       "nextCursor": null
         *     }
         */
        AdminDeliveryPage: {
            /** @description Newest first. */
            items: components["schemas"]["AdminDelivery"][];
            /** @description Cursor of the next page; null on the last one. */
            nextCursor: string | null;
        };
        /**
         * AdminJob
         * @description A job with the fields of its row.
         * @example {
         *       "id": "0198c4a2-7d1e-7c3a-9f00-5b1e6d0c2a11",
         *       "kind": "calendar.generate",
         *       "status": "running",
         *       "attempt": 0,
         *       "createdAt": "2026-01-20T09:30:00Z",
         *       "startedAt": "2026-01-20T09:30:00Z",
         *       "finishedAt": null,
         *       "progress": {
         *         "completed": 6,
         *         "total": 14,
         *         "stage": "drafting",
         *         "percent": 42
         *       },
         *       "error": null,
         *       "subject": {
         *         "type": "calendar",
         *         "id": "0198c4a2-81b0-7e55-8a3d-2f6a9c417b02"
         *       },
         *       "urls": {
         *         "self": "/v1/jobs/0198c4a2-7d1e-7c3a-9f00-5b1e6d0c2a11",
         *         "events": "/v1/jobs/0198c4a2-7d1e-7c3a-9f00-5b1e6d0c2a11/events",
         *         "cancel": "/v1/jobs/0198c4a2-7d1e-7c3a-9f00-5b1e6d0c2a11/cancel"
         *       },
         *       "userId": "0198c4a2-81b0-7e55-8a3d-2f6a9c417b02",
         *       "lane": "calendar",
         *       "state": "running",
         *       "crashes": 0,
         *       "runAt": "2026-01-20T09:30:00Z",
         *       "leaseExpiresAt": "2026-01-20T09:30:12Z"
         *     }
         */
        AdminJob: {
            /** @description Also the id of the run or generation. */
            id: string;
            kind: components["schemas"]["JobKind"];
            status: components["schemas"]["JobStatus"];
            /**
             * Format: int32
             * @description Number of retries so far.
             */
            attempt: number;
            /** Format: date-time */
            createdAt: string;
            /**
             * Format: date-time
             * @description Time of the first start.
             */
            startedAt: string | null;
            /** Format: date-time */
            finishedAt: string | null;
            progress: components["schemas"]["JobProgress"];
            /** @description Why the job failed or was cancelled. */
            error: components["schemas"]["Failure"] | null;
            subject: components["schemas"]["Subject"];
            urls: components["schemas"]["Urls"];
            /** @description The job that this one repeats. */
            retryOf?: string;
            userId: string;
            lane: components["schemas"]["LaneName"];
            state: components["schemas"]["JobState"];
            /**
             * Format: int32
             * @description Number of expired leases.
             */
            crashes: number;
            /**
             * Format: date-time
             * @description Earliest time of the next start.
             */
            runAt: string;
            /**
             * Format: date-time
             * @description End of the worker's lease.
             */
            leaseExpiresAt: string | null;
        };
        /**
         * AdminJobPage
         * @description A page of jobs.
         * @example {
         *       "items": [
         *         {
         *           "id": "0198c4a2-7d1e-7c3a-9f00-5b1e6d0c2a11",
         *           "kind": "calendar.generate",
         *           "status": "running",
         *           "attempt": 0,
         *           "createdAt": "2026-01-20T09:30:00Z",
         *           "startedAt": "2026-01-20T09:30:00Z",
         *           "finishedAt": null,
         *           "progress": {
         *             "completed": 6,
         *             "total": 14,
         *             "stage": "drafting",
         *             "percent": 42
         *           },
         *           "error": null,
         *           "subject": {
         *             "type": "calendar",
         *             "id": "0198c4a2-81b0-7e55-8a3d-2f6a9c417b02"
         *           },
         *           "urls": {
         *             "self": "/v1/jobs/0198c4a2-7d1e-7c3a-9f00-5b1e6d0c2a11",
         *             "events": "/v1/jobs/0198c4a2-7d1e-7c3a-9f00-5b1e6d0c2a11/events",
         *             "cancel": "/v1/jobs/0198c4a2-7d1e-7c3a-9f00-5b1e6d0c2a11/cancel"
         *           },
         *           "userId": "0198c4a2-81b0-7e55-8a3d-2f6a9c417b02",
         *           "lane": "calendar",
         *           "state": "running",
         *           "crashes": 0,
         *           "runAt": "2026-01-20T09:30:00Z",
         *           "leaseExpiresAt": "2026-01-20T09:30:12Z"
         *         }
         *       ],
         *       "nextCursor": null
         *     }
         */
        AdminJobPage: {
            /** @description Newest first. */
            items: components["schemas"]["AdminJob"][];
            /** @description Cursor of the next page; null on the last one. */
            nextCursor: string | null;
        };
        /**
         * AssetMatch
         * @description An asset that matches a placement.
         */
        AssetMatch: {
            assetId: string;
            /**
             * Format: uint32
             * @description Sum of the weights of the shared terms.
             */
            score: number;
            /** @description The shared terms. */
            reason: string;
        };
        /**
         * AssetPage
         * @description A page of assets.
         * @example {
         *       "items": [
         *         {
         *           "id": "asset_1",
         *           "title": "Roastery at dawn",
         *           "kind": "image",
         *           "url": null,
         *           "tags": [
         *             "roastery"
         *           ],
         *           "createdAt": "2026-01-20T09:30:00Z",
         *           "updatedAt": "2026-01-20T09:30:00Z"
         *         }
         *       ],
         *       "nextCursor": null
         *     }
         */
        AssetPage: {
            /** @description Newest first. */
            items: components["schemas"]["AssetResponse"][];
            /** @description Cursor of the next page; null on the last one. */
            nextCursor: string | null;
        };
        /**
         * AssetPatch
         * @description A merge patch of an asset. Unknown fields and `id` are ignored.
         * @example {
         *       "tags": [
         *         "roastery",
         *         "morning"
         *       ]
         *     }
         */
        AssetPatch: {
            /** @description 1 to 300 characters. */
            title?: string;
            kind?: components["schemas"]["CreativeAssetKind"];
            /** @description Null removes it. */
            url?: string | null;
            /** @description Replaces all tags; null removes them. */
            tags?: string[] | null;
        };
        /**
         * AssetResponse
         * @description A creative asset.
         * @example {
         *       "id": "asset_1",
         *       "title": "Roastery at dawn",
         *       "kind": "image",
         *       "url": null,
         *       "tags": [
         *         "roastery"
         *       ],
         *       "createdAt": "2026-01-20T09:30:00Z",
         *       "updatedAt": "2026-01-20T09:30:00Z"
         *     }
         */
        AssetResponse: {
            id: string;
            title: string;
            kind: components["schemas"]["CreativeAssetKind"];
            url: string | null;
            tags: string[];
            /** Format: date-time */
            createdAt: string;
            /** Format: date-time */
            updatedAt: string;
        };
        /**
         * BrandImport
         * @description Accounts, trends and assets to import.
         * @example {
         *       "accounts": [
         *         {
         *           "id": "acc_ig_1",
         *           "platform": "instagram",
         *           "name": "@beanandco"
         *         }
         *       ],
         *       "trends": [
         *         {
         *           "id": "trend_1",
         *           "title": "Slow coffee",
         *           "source": "trend"
         *         }
         *       ],
         *       "assets": [
         *         {
         *           "id": "asset_1",
         *           "title": "Roastery at dawn",
         *           "kind": "image"
         *         }
         *       ]
         *     }
         */
        BrandImport: {
            /** @description At most 2,000. */
            accounts?: components["schemas"]["CreateAccount"][] | null;
            /** @description At most 2,000. */
            trends?: components["schemas"]["CreateTrend"][] | null;
            /** @description At most 2,000. */
            assets?: components["schemas"]["CreateAsset"][] | null;
        };
        /**
         * BrandImported
         * @description Number of imported items, each id counted once.
         * @example {
         *       "accounts": 1,
         *       "trends": 1,
         *       "assets": 1
         *     }
         */
        BrandImported: {
            /** Format: uint64 */
            accounts: number;
            /** Format: uint64 */
            trends: number;
            /** Format: uint64 */
            assets: number;
        };
        /**
         * BrandPage
         * @description A page of brands.
         * @example {
         *       "items": [
         *         {
         *           "id": "brand_123",
         *           "name": "Bean & Co",
         *           "timezone": "America/Los_Angeles",
         *           "voice": "Warm and practical",
         *           "language": "en-US",
         *           "createdAt": "2026-01-20T09:30:00Z",
         *           "updatedAt": "2026-01-20T09:30:00Z"
         *         }
         *       ],
         *       "nextCursor": null
         *     }
         */
        BrandPage: {
            /** @description Newest first. */
            items: components["schemas"]["BrandResponse"][];
            /** @description Cursor of the next page; null on the last one. */
            nextCursor: string | null;
        };
        /**
         * BrandPatch
         * @description A merge patch of a brand.
         * @example {
         *       "voice": "Warm and practical"
         *     }
         */
        BrandPatch: {
            /** @description 1 to 200 characters. */
            name?: string;
            /** @description IANA name. */
            timezone?: string;
            /** @description Null removes it. */
            voice?: string | null;
            /** @description Null removes it. */
            language?: string | null;
        };
        /**
         * BrandResponse
         * @description A brand.
         * @example {
         *       "id": "brand_123",
         *       "name": "Bean & Co",
         *       "timezone": "America/Los_Angeles",
         *       "voice": "Warm and practical",
         *       "language": "en-US",
         *       "createdAt": "2026-01-20T09:30:00Z",
         *       "updatedAt": "2026-01-20T09:30:00Z"
         *     }
         */
        BrandResponse: {
            id: string;
            name: string;
            /** @description IANA name; the zone of a request takes precedence. */
            timezone: string;
            /** @description Tone of voice for the model. */
            voice: string | null;
            /** @description Language of generated texts. */
            language: string | null;
            /** Format: date-time */
            createdAt: string;
            /** Format: date-time */
            updatedAt: string;
        };
        /**
         * @description Interval between the entries of a channel.
         * @enum {string}
         */
        CalendarCadence: "daily" | "weekly" | "monthly";
        /**
         * @description Type of a calendar event. `snapshot` replaces a log that is older than its retention.
         * @enum {string}
         */
        CalendarEventType: "progress" | "entry" | "diff" | "error" | "done" | "snapshot";
        /**
         * @description Format of a file of entries.
         * @enum {string}
         */
        CalendarFileFormat: "json" | "csv" | "ics";
        /**
         * CalendarFrame
         * @description The data of one server-sent event of a calendar run.
         */
        CalendarFrame: {
            data: components["schemas"]["FrameData"];
            /** @description Set in `error`, and in the `done` of a run that failed or was cancelled. */
            error: components["schemas"]["StreamError"] | null;
            meta: components["schemas"]["FrameMeta"];
        };
        /**
         * CalendarLine
         * @description One NDJSON line of a calendar run: an event with its type and `seq`.
         */
        CalendarLine: {
            type: components["schemas"]["CalendarEventType"];
            /**
             * Format: int64
             * @description Position in the event log, from 1; absent in heartbeats.
             */
            seq?: number;
            data: components["schemas"]["FrameData"];
            /** @description Set in `error`, and in the `done` of a run that failed or was cancelled. */
            error: components["schemas"]["StreamError"] | null;
            meta: components["schemas"]["FrameMeta"];
        };
        /**
         * CalendarPage
         * @description A page of calendars.
         * @example {
         *       "items": [
         *         {
         *           "id": "0198c4a2-81b0-7e55-8a3d-2f6a9c417b02",
         *           "title": "A week of coffee",
         *           "timezone": "Europe/Paris",
         *           "version": 1,
         *           "entryCount": 14,
         *           "createdAt": "2026-01-20T09:30:00Z",
         *           "updatedAt": "2026-01-20T09:30:12Z"
         *         }
         *       ],
         *       "nextCursor": null
         *     }
         */
        CalendarPage: {
            /** @description Newest first. */
            items: components["schemas"]["CalendarResponse"][];
            /** @description Cursor of the next page; null on the last one. */
            nextCursor: string | null;
        };
        /**
         * CalendarPatch
         * @description A merge patch of a calendar.
         * @example {
         *       "title": "A week of coffee"
         *     }
         */
        CalendarPatch: {
            /** @description 1 to 200 characters; null names the calendar after its channels and dates. */
            title?: string | null;
        };
        /**
         * CalendarResponse
         * @description A calendar.
         * @example {
         *       "id": "0198c4a2-81b0-7e55-8a3d-2f6a9c417b02",
         *       "title": "A week of coffee",
         *       "timezone": "Europe/Paris",
         *       "version": 1,
         *       "entryCount": 14,
         *       "createdAt": "2026-01-20T09:30:00Z",
         *       "updatedAt": "2026-01-20T09:30:12Z"
         *     }
         */
        CalendarResponse: {
            id: string;
            title: string | null;
            /** @description IANA name of the zone of the first request. */
            timezone: string;
            /**
             * Format: int32
             * @description Version of the latest run.
             */
            version: number;
            /**
             * Format: int64
             * @description Number of saved entries.
             */
            entryCount: number;
            /** Format: date-time */
            createdAt: string;
            /**
             * Format: date-time
             * @description Time of the last change of the title, or of the last run.
             */
            updatedAt: string;
        };
        /**
         * CalendarSnapshot
         * @description The data of a `snapshot`: the job with its entries.
         */
        CalendarSnapshot: {
            /** @description Also the id of the run or generation. */
            id: string;
            kind: components["schemas"]["JobKind"];
            status: components["schemas"]["JobStatus"];
            /**
             * Format: int32
             * @description Number of retries so far.
             */
            attempt: number;
            /** Format: date-time */
            createdAt: string;
            /**
             * Format: date-time
             * @description Time of the first start.
             */
            startedAt: string | null;
            /** Format: date-time */
            finishedAt: string | null;
            progress: components["schemas"]["JobProgress"];
            /** @description Why the job failed or was cancelled. */
            error: components["schemas"]["Failure"] | null;
            subject: components["schemas"]["Subject"];
            urls: components["schemas"]["Urls"];
            /** @description The job that this one repeats. */
            retryOf?: string;
            entries: components["schemas"]["EntryMade"][];
        };
        /**
         * @description Stage of a calendar run.
         * @enum {string}
         */
        CalendarStage: "queued" | "drafting" | "finalizing";
        /**
         * CalendarWaited
         * @description A calendar whose run has ended (`Prefer: wait`).
         */
        CalendarWaited: {
            id: string;
            title: string | null;
            /** @description IANA name of the zone of the first request. */
            timezone: string;
            /**
             * Format: int32
             * @description Version of the latest run.
             */
            version: number;
            /**
             * Format: int64
             * @description Number of saved entries.
             */
            entryCount: number;
            /** Format: date-time */
            createdAt: string;
            /**
             * Format: date-time
             * @description Time of the last change of the title, or of the last run.
             */
            updatedAt: string;
            /** @description Ordered by date. */
            entries: components["schemas"]["EntryResponse"][];
            /** @description The run that was waited for, without its entries. */
            run: components["schemas"]["RunResponse"];
            /** @description Changes that accepting the run would make; only if the calendar existed before. */
            diff?: components["schemas"]["DiffResponse"];
        };
        /**
         * CalendarWithEntries
         * @description A calendar with its latest saved entries.
         * @example {
         *       "id": "0198c4a2-81b0-7e55-8a3d-2f6a9c417b02",
         *       "title": "A week of coffee",
         *       "timezone": "Europe/Paris",
         *       "version": 1,
         *       "entryCount": 14,
         *       "createdAt": "2026-01-20T09:30:00Z",
         *       "updatedAt": "2026-01-20T09:30:12Z",
         *       "entries": [
         *         {
         *           "id": "0198c4a2-7d1e-7c3a-9f00-5b1e6d0c2a11",
         *           "key": "instagram:2026-01-26:1",
         *           "version": 1,
         *           "channel": "instagram",
         *           "date": "2026-01-26",
         *           "time": "09:00",
         *           "timezone": "Europe/Paris",
         *           "scheduledAt": "2026-01-26T08:00:00Z",
         *           "title": "Five slow coffees",
         *           "topic": "slow coffee",
         *           "format": "reel",
         *           "caption": "Take your time.",
         *           "hashtags": [
         *             "#slowcoffee"
         *           ],
         *           "notes": "",
         *           "media": [],
         *           "source": "ai",
         *           "editedFields": [],
         *           "updatedAt": "2026-01-20T09:30:12Z"
         *         }
         *       ]
         *     }
         */
        CalendarWithEntries: {
            id: string;
            title: string | null;
            /** @description IANA name of the zone of the first request. */
            timezone: string;
            /**
             * Format: int32
             * @description Version of the latest run.
             */
            version: number;
            /**
             * Format: int64
             * @description Number of saved entries.
             */
            entryCount: number;
            /** Format: date-time */
            createdAt: string;
            /**
             * Format: date-time
             * @description Time of the last change of the title, or of the last run.
             */
            updatedAt: string;
            /** @description Ordered by date. */
            entries: components["schemas"]["EntryResponse"][];
        };
        /**
         * @description Status of an accepted cancellation.
         * @enum {string}
         */
        CancellationStatus: "cancelling";
        /**
         * Cancelling
         * @description An accepted cancellation.
         * @example {
         *       "status": "cancelling"
         *     }
         */
        Cancelling: {
            status: components["schemas"]["CancellationStatus"];
        };
        /**
         * Card
         * @description A saved card.
         * @example {
         *       "id": "0198c4a2-81b0-7e55-8a3d-2f6a9c417b02",
         *       "suggestion_id": "0198c4a2-81b0-7e55-8a3d-2f6a9c417b02",
         *       "generation_id": "0198c4a2-7d1e-7c3a-9f00-5b1e6d0c2a11",
         *       "front": "What is a mitochondrion?",
         *       "back": "An organelle that makes ATP",
         *       "created_at": "2026-01-20T09:30:12Z",
         *       "updated_at": "2026-01-20T09:30:12Z"
         *     }
         */
        Card: {
            id: string;
            /** @description The accepted suggestion; null once it was deleted with its generation. */
            suggestion_id: string | null;
            /** @description The generation of the suggestion, which may have been deleted. */
            generation_id: string;
            /** @description The question. */
            front: string;
            /** @description The answer. */
            back: string;
            /**
             * Format: date-time
             * @description Time of the accept.
             */
            created_at: string;
            /** Format: date-time */
            updated_at: string;
        };
        /**
         * @description Format of a file of cards.
         * @enum {string}
         */
        CardFileFormat: "csv" | "json" | "anki";
        /**
         * CardPage
         * @description A page of cards.
         * @example {
         *       "items": [
         *         {
         *           "id": "0198c4a2-81b0-7e55-8a3d-2f6a9c417b02",
         *           "suggestion_id": "0198c4a2-81b0-7e55-8a3d-2f6a9c417b02",
         *           "generation_id": "0198c4a2-7d1e-7c3a-9f00-5b1e6d0c2a11",
         *           "front": "What is a mitochondrion?",
         *           "back": "An organelle that makes ATP",
         *           "created_at": "2026-01-20T09:30:12Z",
         *           "updated_at": "2026-01-20T09:30:12Z"
         *         }
         *       ],
         *       "next_cursor": null
         *     }
         */
        CardPage: {
            /** @description Newest first. */
            items: components["schemas"]["Card"][];
            /** @description Cursor of the next page; null on the last one. */
            next_cursor: string | null;
        };
        /**
         * ChannelAccount
         * @description The state of a connected account.
         */
        ChannelAccount: {
            accountId: string;
            health: components["schemas"]["AccountHealth"];
            /**
             * Format: date-time
             * @description Expiry of the access token; null if it is unknown.
             */
            expiresAt: string | null;
            /** @description The quota as the channel last reported it; null if it has not. */
            quota: {
                [key: string]: unknown;
            } | null;
        };
        /**
         * ChannelList
         * @description All channels.
         * @example {
         *       "items": [
         *         {
         *           "channel": "linkedin",
         *           "configured": true,
         *           "transport": "live",
         *           "accounts": [
         *             {
         *               "accountId": "bean_and_co",
         *               "health": "ok",
         *               "expiresAt": "2026-03-21T09:30:00Z",
         *               "quota": null
         *             }
         *           ]
         *         }
         *       ]
         *     }
         */
        ChannelList: {
            items: components["schemas"]["ChannelResponse"][];
        };
        /**
         * @description Method of a request to a channel.
         * @enum {string}
         */
        ChannelMethod: "GET" | "POST" | "PUT";
        /**
         * ChannelRequest
         * @description One request to a channel, without secrets.
         */
        ChannelRequest: {
            step: string;
            method: components["schemas"]["ChannelMethod"];
            url: string;
            headers: {
                [key: string]: string;
            };
            /** @description JSON, or a placeholder for the bytes of a file. */
            body: unknown;
        };
        /**
         * ChannelResponse
         * @description A channel with the caller's accounts.
         * @example {
         *       "channel": "linkedin",
         *       "configured": true,
         *       "transport": "live",
         *       "accounts": [
         *         {
         *           "accountId": "bean_and_co",
         *           "health": "ok",
         *           "expiresAt": "2026-03-21T09:30:00Z",
         *           "quota": null
         *         }
         *       ]
         *     }
         */
        ChannelResponse: {
            channel: components["schemas"]["PublishChannel"];
            /**
             * @description Whether the server has the client that the caller's accounts on the channel need; without accounts, any client of
             *     the channel. The sandbox needs none.
             */
            configured: boolean;
            transport: components["schemas"]["PublishTransport"];
            accounts: components["schemas"]["ChannelAccount"][];
        };
        /**
         * ConnectAccount
         * @description Tokens and settings of an account.
         * @example {
         *       "accessToken": "the-access-token",
         *       "refreshToken": "the-refresh-token",
         *       "expiresAt": "2026-03-21T09:30:00Z",
         *       "externalId": "urn:li:organization:2414183",
         *       "settings": {
         *         "visibility": "PUBLIC"
         *       }
         *     }
         */
        ConnectAccount: {
            /**
             * Format: password
             * @description The channel's access token; on Facebook the one of the Page.
             */
            accessToken: string;
            /**
             * Format: password
             * @description Exchanged for new tokens before the access token expires.
             */
            refreshToken?: string | null;
            /**
             * Format: date-time
             * @description Expiry of the access token; unknown if absent.
             */
            expiresAt?: string | null;
            /**
             * Format: date-time
             * @description Expiry of the refresh token; unknown if absent.
             */
            refreshExpiresAt?: string | null;
            /**
             * @description The channel's id of the account: digits on Facebook and Instagram, `urn:li:person:…` or `urn:li:organization:…` on
             *     LinkedIn. The account's id if absent. At most 200 characters.
             */
            externalId?: string | null;
            /** @description How an Instagram account is connected; no effect on other channels. */
            login?: components["schemas"]["AccountLogin"] | null;
            /**
             * @description Options of posts whose request names none: those that `options` of a request has for the channel, such as
             *     `{"visibility": "PUBLIC"}` on LinkedIn. Facebook has none.
             */
            settings?: {
                [key: string]: unknown;
            } | null;
        };
        /**
         * ConnectedAccountResponse
         * @description A connected account, without its tokens.
         * @example {
         *       "channel": "linkedin",
         *       "accountId": "bean_and_co",
         *       "externalId": "urn:li:organization:2414183",
         *       "login": null,
         *       "settings": {
         *         "visibility": "PUBLIC"
         *       },
         *       "expiresAt": "2026-03-21T09:30:00Z",
         *       "refreshExpiresAt": null,
         *       "hasRefreshToken": true,
         *       "health": "ok",
         *       "createdAt": "2026-01-20T09:30:00Z",
         *       "updatedAt": "2026-01-20T09:30:00Z"
         *     }
         */
        ConnectedAccountResponse: {
            channel: components["schemas"]["PublishChannel"];
            accountId: string;
            /** @description The channel's id of the account. */
            externalId: string;
            login: components["schemas"]["AccountLogin"] | null;
            /** @description Options of posts whose request names none. */
            settings: {
                [key: string]: unknown;
            };
            /**
             * Format: date-time
             * @description Expiry of the access token; null if it is unknown.
             */
            expiresAt: string | null;
            /**
             * Format: date-time
             * @description Expiry of the refresh token; null if it is unknown.
             */
            refreshExpiresAt: string | null;
            hasRefreshToken: boolean;
            health: components["schemas"]["AccountHealth"];
            /** Format: date-time */
            createdAt: string;
            /** Format: date-time */
            updatedAt: string;
        };
        /**
         * ContentResponse
         * @description The content of an entry.
         */
        ContentResponse: {
            channel: string;
            /**
             * Format: naive-date
             * @description Local date.
             */
            date: string;
            /** @description Local time of day, `HH:MM`. */
            time: string;
            /** @description IANA name of the zone of `date` and `time`. */
            timezone: string;
            /** @description The instant of `date` and `time`, RFC 3339 in UTC. */
            scheduledAt: string;
            title: string;
            topic: string;
            /** @description Kind of content, such as `reel` or `article`. */
            format: string;
            /** @description The text to publish. */
            caption: string;
            /** @description Each with its `#`. */
            hashtags: string[];
            /** @description Notes for the team. */
            notes: string;
            /** @description Images and videos; edited by hand only. */
            media: components["schemas"]["MediumResponse"][];
        };
        /**
         * CreateAIGenerationAcceptedDTO
         * @description An accepted generation. Under `/api` it has no `urls`.
         * @example {
         *       "generation_id": "0198c4a2-7d1e-7c3a-9f00-5b1e6d0c2a11",
         *       "status": "pending",
         *       "urls": {
         *         "self": "/v1/jobs/0198c4a2-7d1e-7c3a-9f00-5b1e6d0c2a11",
         *         "events": "/v1/jobs/0198c4a2-7d1e-7c3a-9f00-5b1e6d0c2a11/events",
         *         "cancel": "/v1/jobs/0198c4a2-7d1e-7c3a-9f00-5b1e6d0c2a11/cancel"
         *       }
         *     }
         */
        CreateAIGenerationAcceptedDTO: {
            /** @description Also the id of its job. */
            generation_id: string;
            status: components["schemas"]["AcceptedStatus"];
            urls?: components["schemas"]["Urls"];
        };
        /**
         * CreateAIGenerationCommand
         * @description A request for a generation.
         * @example {
         *       "source_text": "Mitochondria are organelles of most eukaryotic cells. They make adenosine triphosphate, which cells use as a source of chemical energy. A mitochondrion has two membranes; the inner one is folded into cristae. Mitochondria are organelles of most eukaryotic cells. They make adenosine triphosphate, which cells use as a source of chemical energy. A mitochondrion has two membranes; the inner one is folded into cristae. Mitochondria are organelles of most eukaryotic cells. They make adenosine triphosphate, which cells use as a source of chemical energy. A mitochondrion has two membranes; the inner one is folded into cristae. Mitochondria are organelles of most eukaryotic cells. They make adenosine triphosphate, which cells use as a source of chemical energy. A mitochondrion has two membranes; the inner one is folded into cristae. Mitochondria are organelles of most eukaryotic cells. They make adenosine triphosphate, which cells use as a source of chemical energy. A mitochondrion has two membranes; the inner one is folded into cristae. Mitochondria are organelles of most eukaryotic cells. They make adenosine triphosphate, which cells use as a source of chemical energy. A mitochondrion has two membranes; the inner one is folded into cristae. "
         *     }
         */
        CreateAIGenerationCommand: {
            /** @description 1,000 to 10,000 characters after trimming. */
            source_text: string;
            /** @description One of the models that the operator allows; the default model if absent. */
            model?: string | null;
            /** @description Version of the prompt; the newest if absent. */
            prompt_version?: string | null;
        };
        /**
         * CreateAccount
         * @description A new account on a platform.
         * @example {
         *       "id": "acc_ig_1",
         *       "platform": "instagram",
         *       "name": "@beanandco"
         *     }
         */
        CreateAccount: {
            /**
             * @description 1 to 128 letters and digits of any script, or any of space `. _ - : / # @ + ,`; no space at the ends. Generated if
             *     absent.
             */
            id?: string | null;
            platform: components["schemas"]["SeedPlatform"];
            /** @description 1 to 200 characters. */
            name: string;
            /** @description `connected` if absent. */
            state?: components["schemas"]["PlatformAccountState"] | null;
        };
        /**
         * CreateAsset
         * @description A new creative asset.
         * @example {
         *       "id": "asset_1",
         *       "title": "Roastery at dawn",
         *       "kind": "image",
         *       "url": "https://cdn.example.com/dawn.jpg"
         *     }
         */
        CreateAsset: {
            /**
             * @description 1 to 128 letters and digits of any script, or any of space `. _ - : / # @ + ,`; no space at the ends. Generated if
             *     absent.
             */
            id?: string | null;
            /** @description 1 to 300 characters. */
            title: string;
            kind: components["schemas"]["CreativeAssetKind"];
            /** @description An http or https URL. */
            url?: string | null;
            /** @description At most 50, each of 1 to 64 characters. */
            tags?: string[] | null;
        };
        /**
         * CreateBrand
         * @description A new brand.
         * @example {
         *       "id": "brand_123",
         *       "name": "Bean & Co",
         *       "timezone": "America/Los_Angeles"
         *     }
         */
        CreateBrand: {
            /**
             * @description 1 to 128 letters and digits of any script, or any of space `. _ - : / # @ + ,`; no space at the ends. Generated if
             *     absent.
             */
            id?: string | null;
            /** @description 1 to 200 characters. */
            name: string;
            /** @description IANA name. */
            timezone: string;
            /** @description Tone of voice for the model, at most 2,000 characters. */
            voice?: string | null;
            /** @description Language of generated texts, e.g. `en-US`. */
            language?: string | null;
        };
        /**
         * CreateCalendar
         * @description A request for a run: of a new calendar, or with `calendarId` of an existing one.
         * @example {
         *       "channels": [
         *         "instagram",
         *         "blog"
         *       ],
         *       "cadence": "daily",
         *       "start": "2026-01-26",
         *       "end": "2026-02-01",
         *       "timezone": "Europe/Paris",
         *       "constraints": {
         *         "topics": [
         *           "slow coffee"
         *         ],
         *         "tone": "warm",
         *         "language": "en"
         *       }
         *     }
         */
        CreateCalendar: {
            /** @description 1 to 8 channel names, each `[a-z][a-z0-9_-]{0,31}`. */
            channels: string[];
            cadence: components["schemas"]["CalendarCadence"];
            /** @description First date, `YYYY-MM-DD`. */
            start: string;
            /** @description Last date, `YYYY-MM-DD`, not before `start`. */
            end: string;
            /**
             * @description Known keys are `topics`, `tone`, `audience`, `language`, `avoid`, `times`, `skipDates`, `skipWeekdays` and
             *     `brand`. Other keys are passed to the model as data.
             */
            constraints?: {
                [key: string]: unknown;
            } | null;
            /** @description The calendar to generate again; a new calendar if absent. */
            calendarId?: string | null;
            /** @description A UUID that the run refers to. */
            planId?: string | null;
            /** @description IANA name; UTC if absent. */
            timezone?: string | null;
            /** @description 1 to 200 characters. A calendar without a title is named after its channels and dates. */
            title?: string | null;
        };
        /**
         * CreateTheme
         * @description A new theme.
         * @example {
         *       "name": "Coffee weekly",
         *       "description": "Specialty coffee, from the plant to the cup.",
         *       "language": "fr",
         *       "sources": [
         *         "https://news.example.com/coffee.xml"
         *       ],
         *       "sections": [
         *         "Récoltes",
         *         "Torréfaction"
         *       ]
         *     }
         */
        CreateTheme: {
            /** @description 1 to 200 characters, one line. Mails carry it as their subject. */
            name: string;
            /** @description What it is about, at most 2,000 characters. */
            description?: string | null;
            /** @description Language of syntheses and mails, e.g. `fr` or `en-US`; `en` if absent. */
            language?: string | null;
            /** @description Addresses of RSS, Atom or JSON feeds. */
            sources?: string[] | null;
            /** @description Titles of the sections, each at most 120 characters; the model chooses them if absent or empty. */
            sections?: string[] | null;
        };
        /**
         * CreateTrend
         * @description A new trend.
         * @example {
         *       "id": "trend_1",
         *       "title": "Slow coffee",
         *       "source": "trend",
         *       "priority": 10
         *     }
         */
        CreateTrend: {
            /**
             * @description 1 to 128 letters and digits of any script, or any of space `. _ - : / # @ + ,`; no space at the ends. Generated if
             *     absent.
             */
            id?: string | null;
            /** @description 1 to 300 characters. */
            title: string;
            source: components["schemas"]["SeedSource"];
            /** @description At most 2,000 characters. */
            description?: string | null;
            /**
             * Format: int32
             * @description 0 to 100, 0 if absent. A preset uses trends of higher priority first.
             */
            priority?: number | null;
            /** @description At most 50, each of 1 to 64 characters. */
            tags?: string[] | null;
        };
        /**
         * @description Kind of a creative asset.
         * @enum {string}
         */
        CreativeAssetKind: "image" | "video" | "audio" | "document";
        /**
         * @description Status of a request that waits for Postgres.
         * @enum {string}
         */
        DeferredStatus: "deferred";
        /**
         * @description How far a mail is. `suppressed` addresses get no mail; `skipped` ones are no recipients any more.
         * @enum {string}
         */
        DeliveryStatus: "pending" | "sent" | "delayed" | "delivered" | "bounced" | "complained" | "failed" | "suppressed" | "skipped" | "needs_review";
        /**
         * @description An unavailable dependency: `live` for Redis (events are delayed), `storage` for Postgres (nothing was stored).
         * @enum {string}
         */
        Dependency: "live" | "storage";
        /**
         * Detail
         * @description One flaw of a request.
         */
        Detail: {
            /** @description Path to the flaw: `body`, `query`, `path` or `header`, then names and indexes. */
            loc: unknown[];
            /** @description Message for people. */
            msg: string;
            /** @description Kind of the flaw, e.g. `missing`, `too_short`. */
            type: string;
        };
        /**
         * DiffResponse
         * @description Changes that accepting a run would make now.
         * @example {
         *       "added": [],
         *       "updated": [],
         *       "removed": []
         *     }
         */
        DiffResponse: {
            /** @description New entries, and deleted ones that would return. */
            added: components["schemas"]["EntryListed"][];
            /** @description Entries with other content. */
            updated: components["schemas"]["EntryChanged"][];
            /** @description Saved entries without a slot in the run. */
            removed: components["schemas"]["EntryListed"][];
        };
        /**
         * DryRunIntent
         * @description An entry on its way to an account, as it would be sent.
         */
        DryRunIntent: {
            /** @description Always null. */
            id: string | null;
            /** @description The entry or placement. */
            entryId: string;
            channel: components["schemas"]["PublishChannel"];
            /** @description Null if no account was found. */
            accountId: string | null;
            /** @description `dry_run`, or `failed` with an error. */
            status: components["schemas"]["IntentStatus"];
            /** @description The requests that publish it, in order; empty with an error. `{{name}}` stands for a value that is known only later. */
            requests: components["schemas"]["ChannelRequest"][];
            warnings: components["schemas"]["PublishWarning"][];
            /** @description Why it cannot be published as it is. */
            error: components["schemas"]["PublishProblem"] | null;
        };
        /**
         * DryRunResponse
         * @description A dry run.
         */
        DryRunResponse: {
            /** @description The data of the final event of its stream. */
            summary: components["schemas"]["RunSummary"];
            /** @description The entries of its stream. */
            entries: components["schemas"]["EntryMade"][];
        };
        /**
         * EmailDelivery
         * @description A mail to one recipient.
         * @example {
         *       "id": "0198c4a2-81b0-7e55-8a3d-2f6a9c417b02",
         *       "synthesis_id": "0198c4a2-7d1e-7c3a-9f00-5b1e6d0c2a11",
         *       "email": "reader@example.com",
         *       "status": "delivered",
         *       "fire_date": "2026-01-19",
         *       "created_at": "2026-01-20T09:30:00Z",
         *       "updated_at": "2026-01-20T09:30:12Z"
         *     }
         */
        EmailDelivery: {
            /** @description Equal to the id of its job. */
            id: string;
            synthesis_id: string;
            email: string;
            status: components["schemas"]["DeliveryStatus"];
            /**
             * Format: naive-date
             * @description Local date of the fire; null for a test mail.
             */
            fire_date: string | null;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            updated_at: string;
        };
        /**
         * EmailDeliveryPage
         * @description A page of mails.
         * @example {
         *       "items": [
         *         {
         *           "id": "0198c4a2-81b0-7e55-8a3d-2f6a9c417b02",
         *           "synthesis_id": "0198c4a2-7d1e-7c3a-9f00-5b1e6d0c2a11",
         *           "email": "reader@example.com",
         *           "status": "delivered",
         *           "fire_date": "2026-01-19",
         *           "created_at": "2026-01-20T09:30:00Z",
         *           "updated_at": "2026-01-20T09:30:12Z"
         *         }
         *       ],
         *       "next_cursor": null
         *     }
         */
        EmailDeliveryPage: {
            /** @description In the order in which they were made. */
            items: components["schemas"]["EmailDelivery"][];
            /** @description Cursor of the next page; null on the last one. */
            next_cursor: string | null;
        };
        /**
         * EntryChanged
         * @description An entry that a run would change.
         */
        EntryChanged: {
            key: string;
            /** @description The saved content. */
            before: components["schemas"]["ContentResponse"];
            /** @description The content after an accept of all fields. */
            after: components["schemas"]["ContentResponse"];
            /** @description Fields that differ. */
            changes: components["schemas"]["EntryField"][];
            /** @description Fields among `changes` that a person edited. An accept keeps them unless they are named. */
            conflicts: components["schemas"]["EntryField"][];
        };
        /**
         * @description A field of an entry that can be edited.
         * @enum {string}
         */
        EntryField: "channel" | "date" | "time" | "timezone" | "title" | "topic" | "format" | "caption" | "hashtags" | "notes" | "media";
        /**
         * EntryListed
         * @description An entry that a run would add or remove.
         */
        EntryListed: {
            key: string;
            channel: string;
            /**
             * Format: naive-date
             * @description Local date.
             */
            date: string;
            /** @description Local time of day, `HH:MM`. */
            time: string;
            /** @description IANA name of the zone of `date` and `time`. */
            timezone: string;
            /** @description The instant of `date` and `time`, RFC 3339 in UTC. */
            scheduledAt: string;
            title: string;
            topic: string;
            /** @description Kind of content, such as `reel` or `article`. */
            format: string;
            /** @description The text to publish. */
            caption: string;
            /** @description Each with its `#`. */
            hashtags: string[];
            /** @description Notes for the team. */
            notes: string;
            /** @description Images and videos; edited by hand only. */
            media: components["schemas"]["MediumResponse"][];
            /** @description `["deleted"]` for an added entry that a person deleted before; the edited fields of a removed one. */
            conflicts: string[];
        };
        /**
         * EntryMade
         * @description An entry as generated.
         */
        EntryMade: {
            /** @description Id of the saved entry; only in the events of a calendar's first run. */
            id?: string;
            /** @description The slot: `channel:date:ordinal`. */
            key: string;
            channel: string;
            /**
             * Format: naive-date
             * @description Local date.
             */
            date: string;
            /** @description Local time of day, `HH:MM`. */
            time: string;
            /** @description IANA name of the zone of `date` and `time`. */
            timezone: string;
            /** @description The instant of `date` and `time`, RFC 3339 in UTC. */
            scheduledAt: string;
            title: string;
            topic: string;
            /** @description Kind of content, such as `reel` or `article`. */
            format: string;
            /** @description The text to publish. */
            caption: string;
            /** @description Each with its `#`. */
            hashtags: string[];
            /** @description Notes for the team. */
            notes: string;
            /** @description Images and videos; edited by hand only. */
            media: components["schemas"]["MediumResponse"][];
        };
        /**
         * EntryPatch
         * @description A merge patch of an entry. `null` empties a field; `channel`, `date`, `time`, `timezone` and `title` cannot be empty.
         * @example {
         *       "title": "Five slow coffees",
         *       "time": "10:30"
         *     }
         */
        EntryPatch: {
            /** @description `[a-z][a-z0-9_-]{0,31}`. The key stays. */
            channel?: string;
            /**
             * Format: naive-date
             * @description Local date. The key stays.
             */
            date?: string;
            /** @description Local time, `HH:MM`. */
            time?: string;
            /** @description IANA name. */
            timezone?: string;
            title?: string;
            topic?: string | null;
            format?: string | null;
            caption?: string | null;
            hashtags?: string[] | null;
            notes?: string | null;
            media?: components["schemas"]["MediumResponse"][] | null;
        };
        /**
         * EntryResponse
         * @description A saved entry.
         * @example {
         *       "id": "0198c4a2-7d1e-7c3a-9f00-5b1e6d0c2a11",
         *       "key": "instagram:2026-01-26:1",
         *       "version": 1,
         *       "channel": "instagram",
         *       "date": "2026-01-26",
         *       "time": "09:00",
         *       "timezone": "Europe/Paris",
         *       "scheduledAt": "2026-01-26T08:00:00Z",
         *       "title": "Five slow coffees",
         *       "topic": "slow coffee",
         *       "format": "reel",
         *       "caption": "Take your time.",
         *       "hashtags": [
         *         "#slowcoffee"
         *       ],
         *       "notes": "",
         *       "media": [],
         *       "source": "ai",
         *       "editedFields": [],
         *       "updatedAt": "2026-01-20T09:30:12Z"
         *     }
         */
        EntryResponse: {
            id: string;
            /**
             * @description Identifies the entry in all runs: `channel:date:ordinal`, or `channel:date:h<n>` if it was added by hand. Never
             *     changes.
             */
            key: string;
            /**
             * Format: int64
             * @description Number of changes, from 1. The value for `If-Match`.
             */
            version: number;
            channel: string;
            /**
             * Format: naive-date
             * @description Local date.
             */
            date: string;
            /** @description Local time of day, `HH:MM`. */
            time: string;
            /** @description IANA name of the zone of `date` and `time`. */
            timezone: string;
            /** @description The instant of `date` and `time`, RFC 3339 in UTC. */
            scheduledAt: string;
            title: string;
            topic: string;
            /** @description Kind of content, such as `reel` or `article`. */
            format: string;
            /** @description The text to publish. */
            caption: string;
            /** @description Each with its `#`. */
            hashtags: string[];
            /** @description Notes for the team. */
            notes: string;
            /** @description Images and videos; edited by hand only. */
            media: components["schemas"]["MediumResponse"][];
            /** @description Origin of the entry. */
            source: components["schemas"]["Source"];
            /** @description Fields that a person edited since they were last accepted from a run. */
            editedFields: components["schemas"]["EntryField"][];
            updatedAt: string;
        };
        /**
         * ErasureDone
         * @description The result of an erasure.
         */
        ErasureDone: {
            status: components["schemas"]["JobStatus"];
            /** @description Why the job failed or was cancelled. */
            error: components["schemas"]["Failure"] | null;
        };
        /**
         * ErasureDoneLine
         * @description The result of an erasure.
         */
        ErasureDoneLine: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "done";
            /**
             * Format: int64
             * @description Position in the event log, from 1; absent in events that are not stored.
             */
            seq?: number;
            status: components["schemas"]["JobStatus"];
            /** @description Why the job failed or was cancelled. */
            error: components["schemas"]["Failure"] | null;
        };
        /**
         * ErasureErrorLine
         * @description Why work failed.
         */
        ErasureErrorLine: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "error";
            /**
             * Format: int64
             * @description Position in the event log, from 1; absent in events that are not stored.
             */
            seq?: number;
            /** @description Code for programs. */
            code: string;
            /** @description Message for people. */
            message: string;
            /** @description What the provider did. */
            reason?: string;
            /** @description The field of the entry, or the option, that it is about. */
            field?: string;
            /**
             * Format: uint64
             * @description The channel's limit that was passed.
             */
            limit?: number;
            /** @description Whether the same request may succeed later. */
            retryable?: boolean;
            /** @description The post that the channel takes this one for. */
            existing_id?: string;
            /**
             * Format: int64
             * @description HTTP status of the provider's answer.
             */
            provider_status?: number;
            /** @description The provider's code of the error. */
            provider_code?: string;
            /** @description The provider's id of the call. */
            request_id?: string;
            /** @description First 500 characters of the provider's answer, without secrets. */
            excerpt?: string;
            /**
             * Format: int64
             * @description Milliseconds that the call took.
             */
            latency_ms?: number;
            /**
             * Format: int64
             * @description Pause that the provider asks for.
             */
            retry_after_seconds?: number;
        };
        /** @description The data of one server-sent event of an erasure. */
        ErasureFrame: components["schemas"]["ErasureProgress"] | components["schemas"]["ErasureDone"] | components["schemas"]["Job"];
        /** @description One NDJSON line of an erasure, by its `type`. */
        ErasureLine: components["schemas"]["ErasureProgressLine"] | components["schemas"]["ErasureDoneLine"] | components["schemas"]["ErasureErrorLine"] | components["schemas"]["ErasureSnapshotLine"];
        /**
         * ErasureProgress
         * @description Progress of an erasure.
         */
        ErasureProgress: {
            /** @description `stopping`, then `removing`. */
            stage?: string;
            /** Format: uint64 */
            completed?: number;
            /** Format: uint64 */
            total?: number;
            /** @description Present while a dependency is unavailable. */
            meta?: components["schemas"]["EventMeta"];
        };
        /**
         * ErasureProgressLine
         * @description Progress of an erasure.
         */
        ErasureProgressLine: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "progress";
            /**
             * Format: int64
             * @description Position in the event log, from 1; absent in events that are not stored.
             */
            seq?: number;
            /** @description `stopping`, then `removing`. */
            stage?: string;
            /** Format: uint64 */
            completed?: number;
            /** Format: uint64 */
            total?: number;
            /** @description Present while a dependency is unavailable. */
            meta?: components["schemas"]["EventMeta"];
        };
        /**
         * ErasureSnapshotLine
         * @description A job.
         */
        ErasureSnapshotLine: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "snapshot";
            /**
             * Format: int64
             * @description Position in the event log, from 1; absent in events that are not stored.
             */
            seq?: number;
            /** @description Also the id of the run or generation. */
            id: string;
            kind: components["schemas"]["JobKind"];
            status: components["schemas"]["JobStatus"];
            /**
             * Format: int32
             * @description Number of retries so far.
             */
            attempt: number;
            /** Format: date-time */
            createdAt: string;
            /**
             * Format: date-time
             * @description Time of the first start.
             */
            startedAt: string | null;
            /** Format: date-time */
            finishedAt: string | null;
            progress: components["schemas"]["JobProgress"];
            /** @description Why the job failed or was cancelled. */
            error: components["schemas"]["Failure"] | null;
            subject: components["schemas"]["Subject"];
            urls: components["schemas"]["Urls"];
            /** @description The job that this one repeats. */
            retryOf?: string;
        };
        /**
         * ErrorBody
         * @description The `error` of the envelope.
         */
        ErrorBody: {
            /** @description `UPPER_SNAKE`; also in the header `X-Error-Code`. */
            code: string;
            /** @description Message for people. */
            message: string;
            /** @description Flaws of the request. */
            details: components["schemas"]["Detail"][];
            /** @description Whether the same request may succeed later. */
            retryable: boolean;
            /**
             * Format: uint32
             * @description Pause before the next attempt, as in `Retry-After`.
             */
            retryAfterSeconds?: number;
            /** @description The publishing channel that was refused. */
            channel?: string;
            /** @description The job that conflicts with the request. */
            active?: components["schemas"]["ActiveJob"];
        };
        /**
         * ErrorEnvelope
         * @description The body of every error.
         * @example {
         *       "data": null,
         *       "error": {
         *         "code": "VALIDATION_FAILED",
         *         "message": "the request does not match the schema",
         *         "details": [
         *           {
         *             "loc": [
         *               "body",
         *               "name"
         *             ],
         *             "msg": "missing field `name`",
         *             "type": "missing"
         *           }
         *         ],
         *         "retryable": false
         *       },
         *       "meta": {
         *         "requestId": "0198c4a2-81b0-7e55-8a3d-2f6a9c417b02"
         *       }
         *     }
         */
        ErrorEnvelope: {
            /** @description Always null. */
            data: unknown;
            error: components["schemas"]["ErrorBody"];
            meta: components["schemas"]["Meta"];
        };
        /**
         * EventMeta
         * @description Remarks beside the data of an event.
         */
        EventMeta: {
            /** @description Dependencies that are unavailable. */
            degraded: components["schemas"]["Dependency"][];
        };
        /**
         * Explanation
         * @description Why a job waits or failed.
         * @example {
         *       "id": "0198c4a2-7d1e-7c3a-9f00-5b1e6d0c2a11",
         *       "state": "queued",
         *       "status": "pending",
         *       "attempt": 0,
         *       "crashes": 0,
         *       "blocker": "no worker has taken it yet",
         *       "nextAction": "a worker starts it within seconds",
         *       "nextActionAt": null,
         *       "error": null
         *     }
         */
        Explanation: {
            id: string;
            state: components["schemas"]["JobState"];
            status: components["schemas"]["JobStatus"];
            /**
             * Format: int32
             * @description Number of retries so far.
             */
            attempt: number;
            /**
             * Format: int32
             * @description Number of expired leases.
             */
            crashes: number;
            /** @description What the job waits for. */
            blocker: string;
            nextAction: string;
            /**
             * Format: date-time
             * @description Time of the next action, if it is known.
             */
            nextActionAt: string | null;
            /** @description Why the job failed or was cancelled. */
            error: components["schemas"]["Failure"] | null;
        };
        /**
         * ExportCommand
         * @description A file of a calendar's saved entries.
         * @example {
         *       "calendarId": "0198c4a2-7d1e-7c3a-9f00-5b1e6d0c2a11",
         *       "format": "ics"
         *     }
         */
        ExportCommand: {
            calendarId: string;
            format: components["schemas"]["CalendarFileFormat"];
        };
        /**
         * Failure
         * @description Why work failed.
         */
        Failure: {
            /** @description Code for programs. */
            code: string;
            /** @description Message for people. */
            message: string;
            /** @description What the provider did. */
            reason?: string;
            /** @description The field of the entry, or the option, that it is about. */
            field?: string;
            /**
             * Format: uint64
             * @description The channel's limit that was passed.
             */
            limit?: number;
            /** @description Whether the same request may succeed later. */
            retryable?: boolean;
            /** @description The post that the channel takes this one for. */
            existing_id?: string;
            /**
             * Format: int64
             * @description HTTP status of the provider's answer.
             */
            provider_status?: number;
            /** @description The provider's code of the error. */
            provider_code?: string;
            /** @description The provider's id of the call. */
            request_id?: string;
            /** @description First 500 characters of the provider's answer, without secrets. */
            excerpt?: string;
            /**
             * Format: int64
             * @description Milliseconds that the call took.
             */
            latency_ms?: number;
            /**
             * Format: int64
             * @description Pause that the provider asks for.
             */
            retry_after_seconds?: number;
        };
        /**
         * @description What became of a fire. `running`, `waiting` for its next attempt and `delivering` its mails can change.
         * @enum {string}
         */
        FireOutcome: "running" | "waiting" | "delivering" | "done" | "skipped" | "missed" | "failed";
        /**
         * Flag
         * @description A feature flag.
         * @example {
         *       "name": "CALENDAR_SERVICE_ENABLED",
         *       "enabled": true,
         *       "users": null,
         *       "source": "row",
         *       "updatedAt": "2026-01-20T09:30:00Z",
         *       "inEffect": true
         *     }
         */
        Flag: {
            name: components["schemas"]["FlagName"];
            enabled: boolean;
            /** @description Users to whom an enabled flag is restricted; null for all users. */
            users: string[] | null;
            source: components["schemas"]["FlagSource"];
            /** Format: date-time */
            updatedAt: string | null;
            /** @description Whether the answering process uses this value already; all processes do within two seconds. */
            inEffect: boolean;
        };
        /**
         * @description A feature flag.
         * @enum {string}
         */
        FlagName: "CALENDAR_SERVICE_ENABLED" | "PUBLISH_SERVICE_ENABLED";
        /**
         * FlagSetting
         * @description The new value of a flag.
         * @example {
         *       "enabled": true,
         *       "users": null
         *     }
         */
        FlagSetting: {
            enabled: boolean;
            /** @description Restricts an enabled flag to these users; all users if absent or null. */
            users?: string[] | null;
        };
        /**
         * @description Origin of a flag's value: `row` if an operator set it, else `default` (the environment).
         * @enum {string}
         */
        FlagSource: "row" | "default";
        /**
         * FlagsResponse
         * @description Feature flags of the caller.
         * @example {
         *       "CALENDAR_SERVICE_ENABLED": true,
         *       "PUBLISH_SERVICE_ENABLED": false
         *     }
         */
        FlagsResponse: {
            /** @description Calendars are generated; if off, requests are answered with a dry run. */
            CALENDAR_SERVICE_ENABLED: boolean;
            /** @description Entries are published; if off, requests are answered with a dry run. */
            PUBLISH_SERVICE_ENABLED: boolean;
        };
        /** @description The data of an event, by its type. */
        FrameData: components["schemas"]["Progress"] | components["schemas"]["EntryMade"] | components["schemas"]["DiffResponse"] | components["schemas"]["StreamError"] | components["schemas"]["RunSummary"] | components["schemas"]["CalendarSnapshot"];
        /**
         * FrameMeta
         * @description Position of an event: its run, its calendar, its place in the log.
         */
        FrameMeta: {
            /** @description Null in a dry run. */
            runId: string | null;
            /** @description Null in the dry run of a new calendar. */
            calendarId: string | null;
            /**
             * Format: int32
             * @description Version of the run; null in a dry run.
             */
            version: number | null;
            /**
             * Format: int64
             * @description Position in the event log; null for events that are not stored.
             */
            seq: number | null;
            /** @description True in the final event. */
            done: boolean;
            /** @description True in a dry run, absent otherwise. */
            dryRun?: boolean;
            /** @description Dependencies that are unavailable. */
            degraded?: components["schemas"]["Dependency"][];
        };
        /**
         * GenerateWeek
         * @description A request for the placements of a brand's week.
         * @example {
         *       "brandProfileId": "brand_123",
         *       "weekStart": "2026-01-26",
         *       "timezone": "America/Los_Angeles",
         *       "placements": [
         *         {
         *           "placementId": "placement_1",
         *           "trendId": "trend_1",
         *           "dayId": "2026-01-26",
         *           "scheduledAt": "2026-01-26T17:00:00.000Z",
         *           "platform": "instagram",
         *           "accountId": "acc_ig_1",
         *           "desiredFormat": "reel"
         *         }
         *       ],
         *       "options": {
         *         "language": "en-US"
         *       }
         *     }
         */
        GenerateWeek: {
            /** @description Id of the brand. */
            brandProfileId: string;
            /** @description Monday of the week, `YYYY-MM-DD`. */
            weekStart: string;
            /** @description IANA name; takes precedence over the brand's. */
            timezone: string;
            /** @description By platform: the account of placements that name none. */
            platformAccountIds?: {
                [key: string]: string;
            } | null;
            /** @description At most 50, unless the operator set another limit; may be empty with a preset. */
            placements: components["schemas"]["SeedPlacement"][];
            options?: components["schemas"]["WeekOptions"] | null;
        };
        /**
         * GenerationDone
         * @description The result of a generation.
         */
        GenerationDone: {
            status: components["schemas"]["GenerationStatus"];
            /**
             * Format: uint64
             * @description Number of suggestions.
             */
            suggestions: number;
            /**
             * Format: int64
             * @description Milliseconds from the first start to the end.
             */
            latency_ms: number | null;
            /**
             * Format: int64
             * @description Input and output tokens.
             */
            tokens: number | null;
            /** Format: int64 */
            tokens_input: number | null;
            /** Format: int64 */
            tokens_output: number | null;
            /**
             * Format: double
             * @description Cost in US dollars, if the provider reports it.
             */
            cost_usd: number | null;
            /** @description Why the generation failed or was cancelled. */
            error: components["schemas"]["Failure"] | null;
        };
        /**
         * GenerationDoneLine
         * @description The result of a generation.
         */
        GenerationDoneLine: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "done";
            /**
             * Format: int64
             * @description Position in the event log, from 1; absent in events that are not stored.
             */
            seq?: number;
            status: components["schemas"]["GenerationStatus"];
            /**
             * Format: uint64
             * @description Number of suggestions.
             */
            suggestions: number;
            /**
             * Format: int64
             * @description Milliseconds from the first start to the end.
             */
            latency_ms: number | null;
            /**
             * Format: int64
             * @description Input and output tokens.
             */
            tokens: number | null;
            /** Format: int64 */
            tokens_input: number | null;
            /** Format: int64 */
            tokens_output: number | null;
            /**
             * Format: double
             * @description Cost in US dollars, if the provider reports it.
             */
            cost_usd: number | null;
            /** @description Why the generation failed or was cancelled. */
            error: components["schemas"]["Failure"] | null;
        };
        /**
         * GenerationErrorLine
         * @description Why work failed.
         */
        GenerationErrorLine: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "error";
            /**
             * Format: int64
             * @description Position in the event log, from 1; absent in events that are not stored.
             */
            seq?: number;
            /** @description Code for programs. */
            code: string;
            /** @description Message for people. */
            message: string;
            /** @description What the provider did. */
            reason?: string;
            /** @description The field of the entry, or the option, that it is about. */
            field?: string;
            /**
             * Format: uint64
             * @description The channel's limit that was passed.
             */
            limit?: number;
            /** @description Whether the same request may succeed later. */
            retryable?: boolean;
            /** @description The post that the channel takes this one for. */
            existing_id?: string;
            /**
             * Format: int64
             * @description HTTP status of the provider's answer.
             */
            provider_status?: number;
            /** @description The provider's code of the error. */
            provider_code?: string;
            /** @description The provider's id of the call. */
            request_id?: string;
            /** @description First 500 characters of the provider's answer, without secrets. */
            excerpt?: string;
            /**
             * Format: int64
             * @description Milliseconds that the call took.
             */
            latency_ms?: number;
            /**
             * Format: int64
             * @description Pause that the provider asks for.
             */
            retry_after_seconds?: number;
        };
        /** @description The data of one server-sent event of a generation, by its `event`. */
        GenerationFrame: components["schemas"]["GenerationProgress"] | components["schemas"]["SuggestionMade"] | components["schemas"]["Failure"] | components["schemas"]["GenerationDone"] | components["schemas"]["GenerationSnapshot"];
        /** @description One NDJSON line of a generation, by its `type`. */
        GenerationLine: components["schemas"]["GenerationProgressLine"] | components["schemas"]["GenerationSuggestionLine"] | components["schemas"]["GenerationErrorLine"] | components["schemas"]["GenerationDoneLine"] | components["schemas"]["GenerationSnapshotLine"];
        /**
         * GenerationPage
         * @description A page of generations.
         * @example {
         *       "items": [
         *         {
         *           "id": "0198c4a2-7d1e-7c3a-9f00-5b1e6d0c2a11",
         *           "status": "succeeded",
         *           "model": "openai/gpt-4o-mini",
         *           "prompt_version": "1",
         *           "tokens_input": 812,
         *           "tokens_output": 340,
         *           "cost_usd": 0.0004,
         *           "ai_metadata": null,
         *           "error": null,
         *           "created_at": "2026-01-20T09:30:00Z",
         *           "finished_at": "2026-01-20T09:30:12Z",
         *           "suggestion_count": 10
         *         }
         *       ],
         *       "next_cursor": null
         *     }
         */
        GenerationPage: {
            /** @description Newest first. */
            items: components["schemas"]["AIGenerationDTO"][];
            /** @description Cursor of the next page; null on the last one. */
            next_cursor: string | null;
        };
        /**
         * GenerationProgress
         * @description Progress of a generation; without `seq` a heartbeat.
         */
        GenerationProgress: {
            /**
             * Format: uint64
             * @description Number of suggestions.
             */
            completed: number;
            /**
             * Format: uint64
             * @description Number of requested suggestions.
             */
            total: number;
            stage?: string;
            /** Format: uint64 */
            percent?: number;
            /** @description Present while a dependency is unavailable. */
            meta?: components["schemas"]["EventMeta"];
        };
        /**
         * GenerationProgressLine
         * @description Progress of a generation; without `seq` a heartbeat.
         */
        GenerationProgressLine: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "progress";
            /**
             * Format: int64
             * @description Position in the event log, from 1; absent in events that are not stored.
             */
            seq?: number;
            /**
             * Format: uint64
             * @description Number of suggestions.
             */
            completed: number;
            /**
             * Format: uint64
             * @description Number of requested suggestions.
             */
            total: number;
            stage?: string;
            /** Format: uint64 */
            percent?: number;
            /** @description Present while a dependency is unavailable. */
            meta?: components["schemas"]["EventMeta"];
        };
        /**
         * GenerationSnapshot
         * @description The data of a `snapshot`: the job with its suggestions.
         */
        GenerationSnapshot: {
            /** @description Also the id of the run or generation. */
            id: string;
            kind: components["schemas"]["JobKind"];
            status: components["schemas"]["JobStatus"];
            /**
             * Format: int32
             * @description Number of retries so far.
             */
            attempt: number;
            /** Format: date-time */
            createdAt: string;
            /**
             * Format: date-time
             * @description Time of the first start.
             */
            startedAt: string | null;
            /** Format: date-time */
            finishedAt: string | null;
            progress: components["schemas"]["JobProgress"];
            /** @description Why the job failed or was cancelled. */
            error: components["schemas"]["Failure"] | null;
            subject: components["schemas"]["Subject"];
            urls: components["schemas"]["Urls"];
            /** @description The job that this one repeats. */
            retryOf?: string;
            suggestions: components["schemas"]["Suggestion"][];
        };
        /**
         * GenerationSnapshotLine
         * @description The data of a `snapshot`: the job with its suggestions.
         */
        GenerationSnapshotLine: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "snapshot";
            /**
             * Format: int64
             * @description Position in the event log, from 1; absent in events that are not stored.
             */
            seq?: number;
            /** @description Also the id of the run or generation. */
            id: string;
            kind: components["schemas"]["JobKind"];
            status: components["schemas"]["JobStatus"];
            /**
             * Format: int32
             * @description Number of retries so far.
             */
            attempt: number;
            /** Format: date-time */
            createdAt: string;
            /**
             * Format: date-time
             * @description Time of the first start.
             */
            startedAt: string | null;
            /** Format: date-time */
            finishedAt: string | null;
            progress: components["schemas"]["JobProgress"];
            /** @description Why the job failed or was cancelled. */
            error: components["schemas"]["Failure"] | null;
            subject: components["schemas"]["Subject"];
            urls: components["schemas"]["Urls"];
            /** @description The job that this one repeats. */
            retryOf?: string;
            suggestions: components["schemas"]["Suggestion"][];
        };
        /**
         * @description Status of a generation.
         * @enum {string}
         */
        GenerationStatus: "pending" | "running" | "succeeded" | "failed" | "cancelled";
        /**
         * GenerationSuggestionLine
         * @description A new suggestion.
         */
        GenerationSuggestionLine: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "suggestion";
            /**
             * Format: int64
             * @description Position in the event log, from 1; absent in events that are not stored.
             */
            seq?: number;
            id: string;
            front: string;
            back: string;
        };
        /**
         * InstagramOptions
         * @description Options of Instagram posts.
         */
        InstagramOptions: {
            /** @description Whether a reel is shown in the feed too. */
            shareToFeed?: boolean;
        };
        /**
         * IntentCancelling
         * @description A cancellation that was requested.
         * @example {
         *       "status": "cancelling"
         *     }
         */
        IntentCancelling: {
            status: components["schemas"]["CancellationStatus"];
        };
        /**
         * IntentPage
         * @description A page of intents.
         * @example {
         *       "items": [
         *         {
         *           "id": "0198c4a2-81b0-7e55-8a3d-2f6a9c417b02",
         *           "planId": "0198c4a2-7d1e-7c3a-9f00-5b1e6d0c2a11",
         *           "calendarId": "0198c4a2-7d1e-7c3a-9f00-5b1e6d0c2a11",
         *           "brandId": null,
         *           "runId": "0198c4a2-7d1e-7c3a-9f00-5b1e6d0c2a11",
         *           "userId": "0198c4a2-81b0-7e55-8a3d-2f6a9c417b02",
         *           "entryId": "0198c4a2-7d1e-7c3a-9f00-5b1e6d0c2a11",
         *           "channel": "facebook",
         *           "accountId": "page_1",
         *           "transport": "live",
         *           "payload": [
         *             {
         *               "step": "publish",
         *               "method": "POST",
         *               "url": "https://graph.facebook.com/v23.0/123/feed",
         *               "headers": {
         *                 "Content-Type": "application/json; charset=UTF-8"
         *               },
         *               "body": {
         *                 "message": "Take your time."
         *               }
         *             }
         *           ],
         *           "payloadHash": "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
         *           "publishAt": "2026-01-20T09:30:00Z",
         *           "status": "pending",
         *           "error": null,
         *           "attempt": 1,
         *           "externalId": null,
         *           "externalUrl": null,
         *           "createdAt": "2026-01-20T09:30:00Z",
         *           "updatedAt": "2026-01-20T09:30:00Z",
         *           "jobId": "0198c4a2-7d1e-7c3a-9f00-5b1e6d0c2a11",
         *           "urls": {
         *             "self": "/v1/publish/intents/0198c4a2-81b0-7e55-8a3d-2f6a9c417b02",
         *             "events": "/v1/jobs/0198c4a2-7d1e-7c3a-9f00-5b1e6d0c2a11/events",
         *             "cancel": "/v1/publish/intents/0198c4a2-81b0-7e55-8a3d-2f6a9c417b02/cancel"
         *           }
         *         }
         *       ],
         *       "nextCursor": null
         *     }
         */
        IntentPage: {
            /** @description Newest first. */
            items: components["schemas"]["IntentResponse"][];
            /** @description Cursor of the next page; null on the last one. */
            nextCursor: string | null;
        };
        /**
         * @description What a person found out about an intent that needs a review.
         * @enum {string}
         */
        IntentResolution: "published" | "not_published";
        /**
         * IntentResponse
         * @description One entry on its way to one account.
         * @example {
         *       "id": "0198c4a2-81b0-7e55-8a3d-2f6a9c417b02",
         *       "planId": "0198c4a2-7d1e-7c3a-9f00-5b1e6d0c2a11",
         *       "calendarId": "0198c4a2-7d1e-7c3a-9f00-5b1e6d0c2a11",
         *       "brandId": null,
         *       "runId": "0198c4a2-7d1e-7c3a-9f00-5b1e6d0c2a11",
         *       "userId": "0198c4a2-81b0-7e55-8a3d-2f6a9c417b02",
         *       "entryId": "0198c4a2-7d1e-7c3a-9f00-5b1e6d0c2a11",
         *       "channel": "facebook",
         *       "accountId": "page_1",
         *       "transport": "live",
         *       "payload": [
         *         {
         *           "step": "publish",
         *           "method": "POST",
         *           "url": "https://graph.facebook.com/v23.0/123/feed",
         *           "headers": {
         *             "Content-Type": "application/json; charset=UTF-8"
         *           },
         *           "body": {
         *             "message": "Take your time."
         *           }
         *         }
         *       ],
         *       "payloadHash": "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
         *       "publishAt": "2026-01-20T09:30:00Z",
         *       "status": "pending",
         *       "error": null,
         *       "attempt": 1,
         *       "externalId": null,
         *       "externalUrl": null,
         *       "createdAt": "2026-01-20T09:30:00Z",
         *       "updatedAt": "2026-01-20T09:30:00Z",
         *       "jobId": "0198c4a2-7d1e-7c3a-9f00-5b1e6d0c2a11",
         *       "urls": {
         *         "self": "/v1/publish/intents/0198c4a2-81b0-7e55-8a3d-2f6a9c417b02",
         *         "events": "/v1/jobs/0198c4a2-7d1e-7c3a-9f00-5b1e6d0c2a11/events",
         *         "cancel": "/v1/publish/intents/0198c4a2-81b0-7e55-8a3d-2f6a9c417b02/cancel"
         *       }
         *     }
         */
        IntentResponse: {
            id: string;
            planId: string;
            /** @description Null for placements. */
            calendarId: string | null;
            /** @description Null for entries of a calendar. */
            brandId: string | null;
            /** @description The run that last wrote the entry; null if only people did. */
            runId: string | null;
            userId: string;
            /** @description The entry or placement. */
            entryId: string;
            channel: components["schemas"]["PublishChannel"];
            accountId: string;
            transport: components["schemas"]["PublishTransport"];
            /** @description The requests that publish it, without secrets. */
            payload: components["schemas"]["ChannelRequest"][];
            payloadHash: string;
            /**
             * Format: date-time
             * @description When it is due.
             */
            publishAt: string;
            status: components["schemas"]["IntentStatus"];
            /** @description Why it was not published, or needs a review. */
            error: components["schemas"]["Failure"] | null;
            /**
             * Format: int32
             * @description 1 and the number of retries.
             */
            attempt: number;
            /** @description The channel's id of the post. */
            externalId: string | null;
            /** @description Address of the post. */
            externalUrl: string | null;
            /** Format: date-time */
            createdAt: string;
            /** Format: date-time */
            updatedAt: string;
            /** @description The job of the latest attempt. */
            jobId: string;
            urls: components["schemas"]["Urls"];
        };
        /**
         * @description Status of an intent.
         * @enum {string}
         */
        IntentStatus: "pending" | "publishing" | "published" | "failed" | "dry_run" | "unknown" | "needs_review" | "deferred" | "cancelled";
        /**
         * IntentSummary
         * @description An intent of an accepted plan.
         */
        IntentSummary: {
            id: string;
            /** @description The entry or placement. */
            entryId: string;
            channel: components["schemas"]["PublishChannel"];
            accountId: string;
            /** @description `pending`, or `failed` with an error: the channel does not take the entry as it is. */
            status: components["schemas"]["IntentStatus"];
            /** @description Why it cannot be published as it is. */
            error: components["schemas"]["PublishProblem"] | null;
        };
        /**
         * Job
         * @description A job.
         * @example {
         *       "id": "0198c4a2-7d1e-7c3a-9f00-5b1e6d0c2a11",
         *       "kind": "calendar.generate",
         *       "status": "running",
         *       "attempt": 0,
         *       "createdAt": "2026-01-20T09:30:00Z",
         *       "startedAt": "2026-01-20T09:30:00Z",
         *       "finishedAt": null,
         *       "progress": {
         *         "completed": 6,
         *         "total": 14,
         *         "stage": "drafting",
         *         "percent": 42
         *       },
         *       "error": null,
         *       "subject": {
         *         "type": "calendar",
         *         "id": "0198c4a2-81b0-7e55-8a3d-2f6a9c417b02"
         *       },
         *       "urls": {
         *         "self": "/v1/jobs/0198c4a2-7d1e-7c3a-9f00-5b1e6d0c2a11",
         *         "events": "/v1/jobs/0198c4a2-7d1e-7c3a-9f00-5b1e6d0c2a11/events",
         *         "cancel": "/v1/jobs/0198c4a2-7d1e-7c3a-9f00-5b1e6d0c2a11/cancel"
         *       }
         *     }
         */
        Job: {
            /** @description Also the id of the run or generation. */
            id: string;
            kind: components["schemas"]["JobKind"];
            status: components["schemas"]["JobStatus"];
            /**
             * Format: int32
             * @description Number of retries so far.
             */
            attempt: number;
            /** Format: date-time */
            createdAt: string;
            /**
             * Format: date-time
             * @description Time of the first start.
             */
            startedAt: string | null;
            /** Format: date-time */
            finishedAt: string | null;
            progress: components["schemas"]["JobProgress"];
            /** @description Why the job failed or was cancelled. */
            error: components["schemas"]["Failure"] | null;
            subject: components["schemas"]["Subject"];
            urls: components["schemas"]["Urls"];
            /** @description The job that this one repeats. */
            retryOf?: string;
        };
        /** @description The data of one server-sent event, by the kind of the job. */
        JobFrame: components["schemas"]["GenerationFrame"] | components["schemas"]["CalendarFrame"] | components["schemas"]["WeekFrame"] | components["schemas"]["PublicationFrame"] | components["schemas"]["SynthesisFrame"] | components["schemas"]["MailFrame"] | components["schemas"]["ErasureFrame"] | components["schemas"]["Failure"];
        /**
         * @description What a job does.
         * @enum {string}
         */
        JobKind: "flashcards.generate" | "calendar.generate" | "organic.generate" | "publishing.publish" | "synthesis.generate" | "email.send" | "account.erase";
        /** @description One NDJSON line, by the kind of the job. */
        JobLine: components["schemas"]["GenerationLine"] | components["schemas"]["CalendarLine"] | components["schemas"]["WeekLine"] | components["schemas"]["PublicationLine"] | components["schemas"]["SynthesisLine"] | components["schemas"]["MailLine"] | components["schemas"]["ErasureLine"];
        /**
         * JobPage
         * @description A page of jobs.
         * @example {
         *       "items": [
         *         {
         *           "id": "0198c4a2-7d1e-7c3a-9f00-5b1e6d0c2a11",
         *           "kind": "calendar.generate",
         *           "status": "running",
         *           "attempt": 0,
         *           "createdAt": "2026-01-20T09:30:00Z",
         *           "startedAt": "2026-01-20T09:30:00Z",
         *           "finishedAt": null,
         *           "progress": {
         *             "completed": 6,
         *             "total": 14,
         *             "stage": "drafting",
         *             "percent": 42
         *           },
         *           "error": null,
         *           "subject": {
         *             "type": "calendar",
         *             "id": "0198c4a2-81b0-7e55-8a3d-2f6a9c417b02"
         *           },
         *           "urls": {
         *             "self": "/v1/jobs/0198c4a2-7d1e-7c3a-9f00-5b1e6d0c2a11",
         *             "events": "/v1/jobs/0198c4a2-7d1e-7c3a-9f00-5b1e6d0c2a11/events",
         *             "cancel": "/v1/jobs/0198c4a2-7d1e-7c3a-9f00-5b1e6d0c2a11/cancel"
         *           }
         *         }
         *       ],
         *       "nextCursor": null
         *     }
         */
        JobPage: {
            /** @description Newest first. */
            items: components["schemas"]["Job"][];
            /** @description Cursor of the next page; null on the last one. */
            nextCursor: string | null;
        };
        /**
         * JobProgress
         * @description Progress of a job.
         */
        JobProgress: {
            /**
             * Format: uint64
             * @description Number of finished items.
             */
            completed: number;
            /**
             * Format: uint64
             * @description Number of items; 0 while it is unknown.
             */
            total: number;
            /** @description `queued` before the start, then the stage of the job's kind. */
            stage: string;
            /** Format: uint64 */
            percent: number;
        };
        /**
         * @description State of a job's row. A `queued` job is `pending` before its first start and `running` after it; a `dead` one is `failed`.
         * @enum {string}
         */
        JobState: "queued" | "running" | "succeeded" | "partial" | "timeout" | "failed" | "cancelled" | "dead";
        /**
         * @description Status of a job or run. `partial` ended without a part of the result, `timeout` at its deadline.
         * @enum {string}
         */
        JobStatus: "pending" | "running" | "succeeded" | "partial" | "timeout" | "failed" | "cancelled";
        /**
         * @description Queue of a job.
         * @enum {string}
         */
        LaneName: "flashcards" | "calendar" | "organic" | "publishing" | "synthesis" | "email" | "account";
        /**
         * LinkedinOptions
         * @description Options of LinkedIn posts.
         */
        LinkedinOptions: {
            /** @description `PUBLIC` if absent. */
            visibility?: components["schemas"]["LinkedinVisibility"];
        };
        /**
         * @description Who sees a LinkedIn post.
         * @enum {string}
         */
        LinkedinVisibility: "PUBLIC" | "CONNECTIONS" | "LOGGED_IN";
        /**
         * MailDone
         * @description The end of a mail's job.
         */
        MailDone: {
            status: components["schemas"]["JobStatus"];
            /** @description What became of the mail. */
            delivery?: components["schemas"]["DeliveryStatus"];
            /** @description Why it was not sent. */
            error: components["schemas"]["Failure"] | null;
        };
        /**
         * MailDoneLine
         * @description The end of a mail's job.
         */
        MailDoneLine: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "done";
            /**
             * Format: int64
             * @description Position in the event log, from 1; absent in events that are not stored.
             */
            seq?: number;
            status: components["schemas"]["JobStatus"];
            /** @description What became of the mail. */
            delivery?: components["schemas"]["DeliveryStatus"];
            /** @description Why it was not sent. */
            error: components["schemas"]["Failure"] | null;
        };
        /**
         * MailErrorLine
         * @description Why work failed.
         */
        MailErrorLine: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "error";
            /**
             * Format: int64
             * @description Position in the event log, from 1; absent in events that are not stored.
             */
            seq?: number;
            /** @description Code for programs. */
            code: string;
            /** @description Message for people. */
            message: string;
            /** @description What the provider did. */
            reason?: string;
            /** @description The field of the entry, or the option, that it is about. */
            field?: string;
            /**
             * Format: uint64
             * @description The channel's limit that was passed.
             */
            limit?: number;
            /** @description Whether the same request may succeed later. */
            retryable?: boolean;
            /** @description The post that the channel takes this one for. */
            existing_id?: string;
            /**
             * Format: int64
             * @description HTTP status of the provider's answer.
             */
            provider_status?: number;
            /** @description The provider's code of the error. */
            provider_code?: string;
            /** @description The provider's id of the call. */
            request_id?: string;
            /** @description First 500 characters of the provider's answer, without secrets. */
            excerpt?: string;
            /**
             * Format: int64
             * @description Milliseconds that the call took.
             */
            latency_ms?: number;
            /**
             * Format: int64
             * @description Pause that the provider asks for.
             */
            retry_after_seconds?: number;
        };
        /** @description The data of one server-sent event of a mail, by its `event`. */
        MailFrame: components["schemas"]["MailProgress"] | components["schemas"]["MailDone"] | components["schemas"]["Job"];
        /** @description One NDJSON line of a mail, by its `type`. */
        MailLine: components["schemas"]["MailProgressLine"] | components["schemas"]["MailDoneLine"] | components["schemas"]["MailErrorLine"] | components["schemas"]["MailSnapshotLine"];
        /**
         * MailProgress
         * @description A heartbeat.
         */
        MailProgress: {
            /** Format: uint64 */
            completed?: number;
            /** Format: uint64 */
            total?: number;
            /** @description Present while a dependency is unavailable. */
            meta?: components["schemas"]["EventMeta"];
        };
        /**
         * MailProgressLine
         * @description A heartbeat.
         */
        MailProgressLine: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "progress";
            /**
             * Format: int64
             * @description Position in the event log, from 1; absent in events that are not stored.
             */
            seq?: number;
            /** Format: uint64 */
            completed?: number;
            /** Format: uint64 */
            total?: number;
            /** @description Present while a dependency is unavailable. */
            meta?: components["schemas"]["EventMeta"];
        };
        /**
         * MailSnapshotLine
         * @description A job.
         */
        MailSnapshotLine: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "snapshot";
            /**
             * Format: int64
             * @description Position in the event log, from 1; absent in events that are not stored.
             */
            seq?: number;
            /** @description Also the id of the run or generation. */
            id: string;
            kind: components["schemas"]["JobKind"];
            status: components["schemas"]["JobStatus"];
            /**
             * Format: int32
             * @description Number of retries so far.
             */
            attempt: number;
            /** Format: date-time */
            createdAt: string;
            /**
             * Format: date-time
             * @description Time of the first start.
             */
            startedAt: string | null;
            /** Format: date-time */
            finishedAt: string | null;
            progress: components["schemas"]["JobProgress"];
            /** @description Why the job failed or was cancelled. */
            error: components["schemas"]["Failure"] | null;
            subject: components["schemas"]["Subject"];
            urls: components["schemas"]["Urls"];
            /** @description The job that this one repeats. */
            retryOf?: string;
        };
        /**
         * @description Kind of a medium.
         * @enum {string}
         */
        MediumKind: "image" | "video";
        /**
         * MediumResponse
         * @description An image or a video.
         */
        MediumResponse: {
            /** @description An http or https URL. */
            url: string;
            type: components["schemas"]["MediumKind"];
            /** @description Alternative text. */
            alt?: string;
        };
        /**
         * Meta
         * @description Facts about an answer.
         */
        Meta: {
            /** @description Id of the request, as in the header `X-Request-Id`. */
            requestId: string;
            /** @description Dependencies that are unavailable. */
            degraded?: components["schemas"]["Dependency"][];
            /** @description True if nothing was generated or stored. */
            dryRun?: boolean;
        };
        /**
         * NewEntry
         * @description An entry that is added by hand.
         * @example {
         *       "channel": "blog",
         *       "date": "2026-01-27",
         *       "title": "Our roastery, room by room"
         *     }
         */
        NewEntry: {
            /** @description `[a-z][a-z0-9_-]{0,31}`. */
            channel: string;
            /**
             * Format: naive-date
             * @description Local date.
             */
            date: string;
            title: string;
            /** @description Local time, `HH:MM`; the channel's usual time if absent. */
            time?: string;
            /** @description IANA name; the calendar's if absent. */
            timezone?: string;
            topic?: string | null;
            format?: string | null;
            caption?: string | null;
            hashtags?: string[] | null;
            notes?: string | null;
            media?: components["schemas"]["MediumResponse"][] | null;
        };
        /**
         * NoOptions
         * @description No body, or an empty object.
         * @example {}
         */
        NoOptions: Record<string, never>;
        /**
         * NoSettings
         * @description Nothing may be set yet.
         * @example {}
         */
        NoSettings: Record<string, never>;
        /**
         * PlacementContent
         * @description Content of a placement.
         */
        PlacementContent: {
            type: components["schemas"]["PlacementFormat"];
            /** @description Name of the format for people. */
            format: string;
            /** @description Topic in one line. */
            titleTopic: string;
            /** @description Objective of the post. */
            objective?: string;
            /** @description Target audience. */
            target?: string;
            tone?: string;
            /** @description Call to action. */
            cta?: string;
            /**
             * Format: uint32
             * @description Number of slides.
             */
            numSlides?: number;
        };
        /**
         * PlacementContentPatch
         * @description Content of a placement.
         */
        PlacementContentPatch: {
            type?: components["schemas"]["PlacementFormat"];
            /** @description Name of the format for people; follows `type` if absent. */
            format?: string;
            titleTopic?: string;
            objective?: string | null;
            target?: string | null;
            tone?: string | null;
            cta?: string | null;
            /** Format: uint32 */
            numSlides?: number | null;
        };
        /**
         * PlacementCopy
         * @description Text of a placement.
         */
        PlacementCopy: {
            caption: string;
            hashtags: components["schemas"]["PlacementHashtags"];
        };
        /**
         * PlacementCopyPatch
         * @description Text of a placement.
         */
        PlacementCopyPatch: {
            caption?: string | null;
            hashtags?: components["schemas"]["PlacementHashtagsPatch"];
        };
        /**
         * PlacementCreative
         * @description Visual part of a placement.
         */
        PlacementCreative: {
            creativeIdea: string;
            /** @description Matching assets of the brand's library. */
            assetIds: string[];
            /** @description Assets to produce. */
            assetHints?: components["schemas"]["PlacementHint"][];
        };
        /**
         * PlacementCreativePatch
         * @description Visual part of a placement.
         */
        PlacementCreativePatch: {
            creativeIdea?: string | null;
            assetIds?: string[] | null;
            assetHints?: components["schemas"]["PlacementHint"][] | null;
        };
        /**
         * @description Format of a placement.
         * @enum {string}
         */
        PlacementFormat: "reel" | "carousel" | "story" | "post" | "newsletter";
        /**
         * PlacementHashtags
         * @description Hashtags by search volume.
         */
        PlacementHashtags: {
            high: string[];
            medium: string[];
            low: string[];
        };
        /**
         * PlacementHashtagsPatch
         * @description Hashtags by search volume.
         */
        PlacementHashtagsPatch: {
            high?: string[] | null;
            medium?: string[] | null;
            low?: string[] | null;
        };
        /**
         * PlacementHint
         * @description An asset to produce.
         */
        PlacementHint: {
            /** @description Its role, e.g. `hook`. */
            role: string;
            suggestion: string;
        };
        /**
         * PlacementMade
         * @description A placement.
         */
        PlacementMade: {
            /** @description The id of the request, or `preset-…` or `newsletter-…`. */
            placementId: string;
            schedule: components["schemas"]["PlacementSchedule"];
            platform: components["schemas"]["PlacementPlatform"];
            seed: components["schemas"]["PlacementOrigin"];
            content: components["schemas"]["PlacementContent"];
            creative: components["schemas"]["PlacementCreative"];
            copy: components["schemas"]["PlacementCopy"];
        };
        /**
         * PlacementOrigin
         * @description Origin of a placement.
         */
        PlacementOrigin: {
            trendId?: string;
            source: components["schemas"]["SeedSource"];
        };
        /**
         * @description Platform of a placement, or `newsletter`.
         * @enum {string}
         */
        PlacementOutlet: "instagram" | "linkedin" | "facebook" | "tiktok" | "youtube" | "newsletter";
        /**
         * PlacementPage
         * @description A page of placements.
         * @example {
         *       "items": [
         *         {
         *           "placementId": "placement_1",
         *           "schedule": {
         *             "dayId": "2026-01-26",
         *             "scheduledAt": "2026-01-26T17:00:00.000Z",
         *             "timeOfDay": "morning"
         *           },
         *           "platform": {
         *             "name": "instagram",
         *             "accountId": "acc_ig_1"
         *           },
         *           "seed": {
         *             "trendId": "trend_1",
         *             "source": "trend"
         *           },
         *           "content": {
         *             "type": "reel",
         *             "format": "Reel",
         *             "titleTopic": "Slow coffee, step by step"
         *           },
         *           "creative": {
         *             "creativeIdea": "One pour, one take",
         *             "assetIds": [
         *               "asset_1"
         *             ]
         *           },
         *           "copy": {
         *             "caption": "Slow coffee, fast mornings.",
         *             "hashtags": {
         *               "high": [
         *                 "#coffee"
         *               ],
         *               "medium": [
         *                 "#slowcoffee"
         *               ],
         *               "low": [
         *                 "#beanandco"
         *               ]
         *             }
         *           },
         *           "weekStart": "2026-01-26",
         *           "timezone": "America/Los_Angeles",
         *           "version": 1,
         *           "editedFields": [],
         *           "runId": "0198c4a2-7d1e-7c3a-9f00-5b1e6d0c2a11",
         *           "assetMatches": [
         *             {
         *               "assetId": "asset_1",
         *               "score": 12,
         *               "reason": "roastery"
         *             }
         *           ],
         *           "updatedAt": "2026-01-20T09:30:12Z"
         *         }
         *       ],
         *       "nextCursor": null
         *     }
         */
        PlacementPage: {
            /** @description Ordered by time, then by id. */
            items: components["schemas"]["PlacementResponse"][];
            /** @description Cursor of the next page; null on the last one. */
            nextCursor: string | null;
        };
        /**
         * PlacementPatch
         * @description A merge patch of a placement. `null` removes an optional value and empties a list or an optional text.
         * @example {
         *       "copy": {
         *         "caption": "Slow coffee, fast mornings."
         *       }
         *     }
         */
        PlacementPatch: {
            schedule?: components["schemas"]["PlacementSchedulePatch"];
            platform?: components["schemas"]["PlacementPlatformPatch"];
            content?: components["schemas"]["PlacementContentPatch"];
            creative?: components["schemas"]["PlacementCreativePatch"];
            copy?: components["schemas"]["PlacementCopyPatch"];
            /** @description Read-only: must have its current value. */
            placementId?: string;
            /** @description Read-only: must have its current value. */
            seed?: components["schemas"]["PlacementOrigin"];
        };
        /**
         * PlacementPlatform
         * @description Platform and account of a placement.
         */
        PlacementPlatform: {
            name: components["schemas"]["PlacementOutlet"];
            /** @description Null for a newsletter. */
            accountId: string | null;
        };
        /**
         * PlacementPlatformPatch
         * @description Platform and account of a placement.
         */
        PlacementPlatformPatch: {
            name?: components["schemas"]["PlacementOutlet"];
            /** @description Null for a newsletter. */
            accountId?: string | null;
        };
        /**
         * PlacementResponse
         * @description A saved placement: the fields of its event, with later edits, and its version.
         * @example {
         *       "placementId": "placement_1",
         *       "schedule": {
         *         "dayId": "2026-01-26",
         *         "scheduledAt": "2026-01-26T17:00:00.000Z",
         *         "timeOfDay": "morning"
         *       },
         *       "platform": {
         *         "name": "instagram",
         *         "accountId": "acc_ig_1"
         *       },
         *       "seed": {
         *         "trendId": "trend_1",
         *         "source": "trend"
         *       },
         *       "content": {
         *         "type": "reel",
         *         "format": "Reel",
         *         "titleTopic": "Slow coffee, step by step"
         *       },
         *       "creative": {
         *         "creativeIdea": "One pour, one take",
         *         "assetIds": [
         *           "asset_1"
         *         ]
         *       },
         *       "copy": {
         *         "caption": "Slow coffee, fast mornings.",
         *         "hashtags": {
         *           "high": [
         *             "#coffee"
         *           ],
         *           "medium": [
         *             "#slowcoffee"
         *           ],
         *           "low": [
         *             "#beanandco"
         *           ]
         *         }
         *       },
         *       "weekStart": "2026-01-26",
         *       "timezone": "America/Los_Angeles",
         *       "version": 1,
         *       "editedFields": [],
         *       "runId": "0198c4a2-7d1e-7c3a-9f00-5b1e6d0c2a11",
         *       "assetMatches": [
         *         {
         *           "assetId": "asset_1",
         *           "score": 12,
         *           "reason": "roastery"
         *         }
         *       ],
         *       "updatedAt": "2026-01-20T09:30:12Z"
         *     }
         */
        PlacementResponse: {
            /** @description The id of the request, or `preset-…` or `newsletter-…`. */
            placementId: string;
            schedule: components["schemas"]["PlacementSchedule"];
            platform: components["schemas"]["PlacementPlatform"];
            seed: components["schemas"]["PlacementOrigin"];
            content: components["schemas"]["PlacementContent"];
            creative: components["schemas"]["PlacementCreative"];
            copy: components["schemas"]["PlacementCopy"];
            /** @description Monday of the week, `YYYY-MM-DD`. */
            weekStart: string;
            /** @description IANA name of the zone of the last request. */
            timezone: string;
            /**
             * Format: int64
             * @description Number of changes, from 1. The value for `If-Match`.
             */
            version: number;
            /** @description Fields that a person edited, e.g. `copy.caption`. No run overwrites them. */
            editedFields: string[];
            /** @description The last run that generated it. */
            runId: string;
            /** @description Matching assets, best first. */
            assetMatches: components["schemas"]["AssetMatch"][];
            /** Format: date-time */
            updatedAt: string;
        };
        /**
         * PlacementSchedule
         * @description Time of a placement.
         */
        PlacementSchedule: {
            /** @description Local date, `YYYY-MM-DD`. */
            dayId: string;
            /** @description RFC 3339. */
            scheduledAt: string;
            timeOfDay: components["schemas"]["PlacementTimeOfDay"];
            /** @description Whether it was moved from the requested time. */
            adjusted?: boolean;
            /** @description Reason of the move. */
            reason?: string;
        };
        /**
         * PlacementSchedulePatch
         * @description The time of a placement. `scheduledAt` decides; `dayId` alone keeps the local time.
         */
        PlacementSchedulePatch: {
            /** @description Local date, `YYYY-MM-DD`. */
            dayId?: string;
            /** @description RFC 3339. */
            scheduledAt?: string;
            /** @description Ignored: computed from `scheduledAt`. */
            timeOfDay?: components["schemas"]["PlacementTimeOfDay"] | null;
            /** @description Ignored. */
            adjusted?: boolean | null;
            /** @description Ignored. */
            reason?: string | null;
        };
        /**
         * @description Part of the local day: morning from 05:00, afternoon from 12:00, evening from 17:00, night from 21:00.
         * @enum {string}
         */
        PlacementTimeOfDay: "morning" | "afternoon" | "evening" | "night";
        /**
         * PlanCounts
         * @description Number of intents of a plan, by status.
         */
        PlanCounts: {
            /** Format: uint64 */
            total: number;
            /** Format: uint64 */
            pending: number;
            /** Format: uint64 */
            publishing: number;
            /** Format: uint64 */
            published: number;
            /** Format: uint64 */
            failed: number;
            /** Format: uint64 */
            unknown: number;
            /** Format: uint64 */
            needs_review: number;
            /** Format: uint64 */
            cancelled: number;
        };
        /**
         * PlanDone
         * @description Nothing changes any more without a person.
         */
        PlanDone: {
            planId: string;
            counts: components["schemas"]["PlanCounts"];
        };
        /**
         * PlanDoneLine
         * @description Nothing changes any more without a person.
         */
        PlanDoneLine: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "done";
            /**
             * Format: int64
             * @description Position in the event log, from 1; absent in events that are not stored.
             */
            seq?: number;
            planId: string;
            counts: components["schemas"]["PlanCounts"];
        };
        /**
         * PlanErrorLine
         * @description Why work failed.
         */
        PlanErrorLine: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "error";
            /**
             * Format: int64
             * @description Position in the event log, from 1; absent in events that are not stored.
             */
            seq?: number;
            /** @description Code for programs. */
            code: string;
            /** @description Message for people. */
            message: string;
            /** @description What the provider did. */
            reason?: string;
            /** @description The field of the entry, or the option, that it is about. */
            field?: string;
            /**
             * Format: uint64
             * @description The channel's limit that was passed.
             */
            limit?: number;
            /** @description Whether the same request may succeed later. */
            retryable?: boolean;
            /** @description The post that the channel takes this one for. */
            existing_id?: string;
            /**
             * Format: int64
             * @description HTTP status of the provider's answer.
             */
            provider_status?: number;
            /** @description The provider's code of the error. */
            provider_code?: string;
            /** @description The provider's id of the call. */
            request_id?: string;
            /** @description First 500 characters of the provider's answer, without secrets. */
            excerpt?: string;
            /**
             * Format: int64
             * @description Milliseconds that the call took.
             */
            latency_ms?: number;
            /**
             * Format: int64
             * @description Pause that the provider asks for.
             */
            retry_after_seconds?: number;
        };
        /** @description The data of one server-sent event of a plan, by its `event`. */
        PlanFrame: components["schemas"]["PublicationResult"] | components["schemas"]["PlanDone"];
        /**
         * PlanIntentResponse
         * @description An intent in its plan.
         */
        PlanIntentResponse: {
            id: string;
            /** @description The entry or placement. */
            entryId: string;
            channel: components["schemas"]["PublishChannel"];
            accountId: string;
            status: components["schemas"]["IntentStatus"];
            /** @description Address of the post. */
            externalUrl: string | null;
            /** @description Why it was not published, or needs a review. */
            error: components["schemas"]["Failure"] | null;
        };
        /** @description One NDJSON line of a plan, by its `type`. No line has a `seq`. */
        PlanLine: components["schemas"]["PlanProgressLine"] | components["schemas"]["PlanResultLine"] | components["schemas"]["PlanDoneLine"] | components["schemas"]["PlanErrorLine"];
        /**
         * PlanProgressLine
         * @description A heartbeat.
         */
        PlanProgressLine: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "progress";
            /**
             * Format: int64
             * @description Position in the event log, from 1; absent in events that are not stored.
             */
            seq?: number;
            /** Format: uint64 */
            completed: number;
            /** Format: uint64 */
            total: number;
        };
        /**
         * PlanResponse
         * @description A stored plan.
         * @example {
         *       "planId": "0198c4a2-7d1e-7c3a-9f00-5b1e6d0c2a11",
         *       "planHash": "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
         *       "transport": "live",
         *       "approvedBy": "0198c4a2-81b0-7e55-8a3d-2f6a9c417b02",
         *       "createdAt": "2026-01-20T09:30:00Z",
         *       "counts": {
         *         "total": 1,
         *         "pending": 0,
         *         "publishing": 0,
         *         "published": 1,
         *         "failed": 0,
         *         "unknown": 0,
         *         "needs_review": 0,
         *         "cancelled": 0
         *       },
         *       "intents": [
         *         {
         *           "id": "0198c4a2-81b0-7e55-8a3d-2f6a9c417b02",
         *           "entryId": "0198c4a2-7d1e-7c3a-9f00-5b1e6d0c2a11",
         *           "channel": "facebook",
         *           "accountId": "page_1",
         *           "status": "published",
         *           "externalUrl": "https://www.facebook.com/123_456",
         *           "error": null
         *         }
         *       ],
         *       "skipped": []
         *     }
         */
        PlanResponse: {
            planId: string;
            planHash: string;
            transport: components["schemas"]["PublishTransport"];
            /** @description Id of the user who asked for it. */
            approvedBy: string;
            /** Format: date-time */
            createdAt: string;
            counts: components["schemas"]["PlanCounts"];
            intents: components["schemas"]["PlanIntentResponse"][];
            skipped: components["schemas"]["SkippedEntry"][];
        };
        /**
         * PlanResultLine
         * @description What became of an intent.
         */
        PlanResultLine: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "result";
            /**
             * Format: int64
             * @description Position in the event log, from 1; absent in events that are not stored.
             */
            seq?: number;
            intentId: string;
            status: components["schemas"]["IntentStatus"];
            /** @description Address of the post, if the channel reports one. */
            externalUrl: string | null;
            /** @description Why it was not published, or needs a review. */
            error: components["schemas"]["Failure"] | null;
        };
        /**
         * PlanUrls
         * @description Links of a plan.
         */
        PlanUrls: {
            /** @description The plan. */
            self: string;
            /** @description The events of its intents. */
            events: string;
        };
        /**
         * PlannedFire
         * @description A fire that lies ahead.
         */
        PlannedFire: {
            /** Format: date-time */
            fire_at: string;
            /** @description The same with the offset of its zone. */
            local_time: string;
            /** @description IANA name. */
            zone: string;
        };
        /**
         * @description State of an account. Placements of a `disconnected` or `auth_failed` account are refused.
         * @enum {string}
         */
        PlatformAccountState: "connected" | "disconnected" | "auth_failed";
        /**
         * Progress
         * @description Progress of a run.
         */
        Progress: {
            /**
             * Format: int64
             * @description Number of generated entries.
             */
            completed: number;
            /**
             * Format: int64
             * @description Number of slots.
             */
            total: number;
            stage: components["schemas"]["CalendarStage"];
            /** Format: int64 */
            percent?: number;
        };
        /**
         * PublicationDone
         * @description The end of an intent's job.
         */
        PublicationDone: {
            status: components["schemas"]["JobStatus"];
            /** @description Why the job failed or was cancelled. */
            error: components["schemas"]["Failure"] | null;
        };
        /**
         * PublicationDoneLine
         * @description The end of an intent's job.
         */
        PublicationDoneLine: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "done";
            /**
             * Format: int64
             * @description Position in the event log, from 1; absent in events that are not stored.
             */
            seq?: number;
            status: components["schemas"]["JobStatus"];
            /** @description Why the job failed or was cancelled. */
            error: components["schemas"]["Failure"] | null;
        };
        /**
         * PublicationErrorLine
         * @description Why work failed.
         */
        PublicationErrorLine: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "error";
            /**
             * Format: int64
             * @description Position in the event log, from 1; absent in events that are not stored.
             */
            seq?: number;
            /** @description Code for programs. */
            code: string;
            /** @description Message for people. */
            message: string;
            /** @description What the provider did. */
            reason?: string;
            /** @description The field of the entry, or the option, that it is about. */
            field?: string;
            /**
             * Format: uint64
             * @description The channel's limit that was passed.
             */
            limit?: number;
            /** @description Whether the same request may succeed later. */
            retryable?: boolean;
            /** @description The post that the channel takes this one for. */
            existing_id?: string;
            /**
             * Format: int64
             * @description HTTP status of the provider's answer.
             */
            provider_status?: number;
            /** @description The provider's code of the error. */
            provider_code?: string;
            /** @description The provider's id of the call. */
            request_id?: string;
            /** @description First 500 characters of the provider's answer, without secrets. */
            excerpt?: string;
            /**
             * Format: int64
             * @description Milliseconds that the call took.
             */
            latency_ms?: number;
            /**
             * Format: int64
             * @description Pause that the provider asks for.
             */
            retry_after_seconds?: number;
        };
        /** @description The data of one server-sent event of an intent's job, by its `event`. */
        PublicationFrame: components["schemas"]["PublicationProgress"] | components["schemas"]["PublicationResult"] | components["schemas"]["PublicationDone"] | components["schemas"]["Job"];
        /** @description One NDJSON line of an intent's job, by its `type`. */
        PublicationLine: components["schemas"]["PublicationProgressLine"] | components["schemas"]["PublicationResultLine"] | components["schemas"]["PublicationDoneLine"] | components["schemas"]["PublicationErrorLine"] | components["schemas"]["PublicationSnapshotLine"];
        /**
         * PublicationProgress
         * @description What is done for an intent; without `seq` a heartbeat.
         */
        PublicationProgress: {
            /** @description The step: `checking`, `uploading`, `sending`, `waiting` or `looking_up`. */
            step?: string;
            /** Format: uint64 */
            completed?: number;
            /** Format: uint64 */
            total?: number;
            /** @description Present while a dependency is unavailable. */
            meta?: components["schemas"]["EventMeta"];
        };
        /**
         * PublicationProgressLine
         * @description What is done for an intent; without `seq` a heartbeat.
         */
        PublicationProgressLine: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "progress";
            /**
             * Format: int64
             * @description Position in the event log, from 1; absent in events that are not stored.
             */
            seq?: number;
            /** @description The step: `checking`, `uploading`, `sending`, `waiting` or `looking_up`. */
            step?: string;
            /** Format: uint64 */
            completed?: number;
            /** Format: uint64 */
            total?: number;
            /** @description Present while a dependency is unavailable. */
            meta?: components["schemas"]["EventMeta"];
        };
        /**
         * PublicationResult
         * @description What became of an intent.
         */
        PublicationResult: {
            intentId: string;
            status: components["schemas"]["IntentStatus"];
            /** @description Address of the post, if the channel reports one. */
            externalUrl: string | null;
            /** @description Why it was not published, or needs a review. */
            error: components["schemas"]["Failure"] | null;
        };
        /**
         * PublicationResultLine
         * @description What became of an intent.
         */
        PublicationResultLine: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "result";
            /**
             * Format: int64
             * @description Position in the event log, from 1; absent in events that are not stored.
             */
            seq?: number;
            intentId: string;
            status: components["schemas"]["IntentStatus"];
            /** @description Address of the post, if the channel reports one. */
            externalUrl: string | null;
            /** @description Why it was not published, or needs a review. */
            error: components["schemas"]["Failure"] | null;
        };
        /**
         * PublicationSnapshotLine
         * @description A job.
         */
        PublicationSnapshotLine: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "snapshot";
            /**
             * Format: int64
             * @description Position in the event log, from 1; absent in events that are not stored.
             */
            seq?: number;
            /** @description Also the id of the run or generation. */
            id: string;
            kind: components["schemas"]["JobKind"];
            status: components["schemas"]["JobStatus"];
            /**
             * Format: int32
             * @description Number of retries so far.
             */
            attempt: number;
            /** Format: date-time */
            createdAt: string;
            /**
             * Format: date-time
             * @description Time of the first start.
             */
            startedAt: string | null;
            /** Format: date-time */
            finishedAt: string | null;
            progress: components["schemas"]["JobProgress"];
            /** @description Why the job failed or was cancelled. */
            error: components["schemas"]["Failure"] | null;
            subject: components["schemas"]["Subject"];
            urls: components["schemas"]["Urls"];
            /** @description The job that this one repeats. */
            retryOf?: string;
        };
        /**
         * PublishAccepted
         * @description An accepted request to publish.
         * @example {
         *       "planId": "0198c4a2-7d1e-7c3a-9f00-5b1e6d0c2a11",
         *       "planHash": "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
         *       "transport": "live",
         *       "intents": [
         *         {
         *           "id": "0198c4a2-81b0-7e55-8a3d-2f6a9c417b02",
         *           "entryId": "0198c4a2-7d1e-7c3a-9f00-5b1e6d0c2a11",
         *           "channel": "facebook",
         *           "accountId": "page_1",
         *           "status": "pending",
         *           "error": null
         *         }
         *       ],
         *       "skipped": [
         *         {
         *           "entryId": "0198c4a2-81b0-7e55-8a3d-2f6a9c417b02",
         *           "code": "CHANNEL_UNSUPPORTED"
         *         }
         *       ],
         *       "urls": {
         *         "self": "/v1/publish/plans/0198c4a2-7d1e-7c3a-9f00-5b1e6d0c2a11",
         *         "events": "/v1/publish/plans/0198c4a2-7d1e-7c3a-9f00-5b1e6d0c2a11/events"
         *       }
         *     }
         */
        PublishAccepted: {
            /** @description Null while the request is deferred. */
            planId: string | null;
            /** @description Null while the request is deferred. */
            planHash: string | null;
            transport: components["schemas"]["PublishTransport"];
            /**
             * @description Present if Postgres cannot be reached: the request is kept on disk and submitted when Postgres is back. The same
             *     `Idempotency-Key` then answers what became of it.
             */
            status?: components["schemas"]["DeferredStatus"];
            intents: components["schemas"]["IntentSummary"][];
            skipped: components["schemas"]["SkippedEntry"][];
            /** @description Null while the request is deferred. */
            urls: components["schemas"]["PlanUrls"] | null;
        };
        /**
         * @description A channel that entries are published to.
         * @enum {string}
         */
        PublishChannel: "instagram" | "tiktok" | "linkedin" | "facebook" | "youtube";
        /**
         * PublishCommand
         * @description A request to publish entries of a calendar, or placements of a brand.
         * @example {
         *       "calendarId": "0198c4a2-7d1e-7c3a-9f00-5b1e6d0c2a11",
         *       "channels": [
         *         "facebook"
         *       ],
         *       "dryRun": false,
         *       "publishAt": "entry",
         *       "planHash": "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
         *     }
         */
        PublishCommand: {
            /** @description The calendar; either this or `brandId`. */
            calendarId?: string | null;
            /** @description Only these entries of the calendar; all of them if absent. */
            entryIds?: string[] | null;
            /** @description The brand whose placements are published. */
            brandId?: string | null;
            /** @description Only these placements of the brand; all of them if absent. */
            placementIds?: string[] | null;
            /** @description Only entries of these channels. */
            channels?: components["schemas"]["PublishChannel"][] | null;
            /** @description By channel: the account of entries that name none. Not needed if the channel has one account. */
            accountIds?: {
                [key: string]: string;
            } | null;
            /** @description Only shows what would be published; true if absent. */
            dryRun?: boolean | null;
            /** @description `now` (if absent), `entry` for each at its own time, or an RFC 3339 time. */
            publishAt?: string | null;
            /** @description The `planHash` of a dry run: another plan is refused with 409 `PLAN_STALE`. */
            planHash?: string | null;
            /** @description Publishes entries again that were published to the account before. */
            repost?: boolean | null;
            options?: components["schemas"]["PublishOptions"] | null;
        };
        /**
         * PublishDryRun
         * @description What a request would publish.
         * @example {
         *       "planId": null,
         *       "planHash": "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
         *       "transport": "live",
         *       "intents": [
         *         {
         *           "id": null,
         *           "entryId": "0198c4a2-7d1e-7c3a-9f00-5b1e6d0c2a11",
         *           "channel": "facebook",
         *           "accountId": "page_1",
         *           "status": "dry_run",
         *           "requests": [
         *             {
         *               "step": "publish",
         *               "method": "POST",
         *               "url": "https://graph.facebook.com/v23.0/123/feed",
         *               "headers": {
         *                 "Content-Type": "application/json; charset=UTF-8"
         *               },
         *               "body": {
         *                 "message": "Take your time."
         *               }
         *             }
         *           ],
         *           "warnings": [],
         *           "error": null
         *         }
         *       ],
         *       "skipped": [],
         *       "warnings": [],
         *       "urls": null
         *     }
         */
        PublishDryRun: {
            /** @description Always null. */
            planId: string | null;
            /** @description Approves this plan in the real call; null if Postgres cannot be reached. */
            planHash: string | null;
            transport: components["schemas"]["PublishTransport"];
            intents: components["schemas"]["DryRunIntent"][];
            skipped: components["schemas"]["SkippedEntry"][];
            /** @description What is to be known about the whole answer. */
            warnings: components["schemas"]["PublishWarning"][];
            /** @description Always null. */
            urls: components["schemas"]["PlanUrls"] | null;
        };
        /**
         * PublishOptions
         * @description What a person decides besides the content, by channel. An option wins over the account's setting.
         * @example {
         *       "youtube": {
         *         "privacyStatus": "private",
         *         "madeForKids": false
         *       }
         *     }
         */
        PublishOptions: {
            tiktok?: components["schemas"]["TiktokOptions"];
            youtube?: components["schemas"]["YoutubeOptions"];
            linkedin?: components["schemas"]["LinkedinOptions"];
            instagram?: components["schemas"]["InstagramOptions"];
        };
        /**
         * PublishProblem
         * @description Why an entry cannot be published as it is.
         */
        PublishProblem: {
            code: string;
            message: string;
            /** @description The field of the entry, or the option, that it is about. */
            field?: string;
            /**
             * Format: uint64
             * @description The channel's limit that was passed.
             */
            limit?: number;
        };
        /**
         * @description Where requests are sent: to the vendors, or to the built-in server of the sandbox.
         * @enum {string}
         */
        PublishTransport: "live" | "sandbox";
        /**
         * PublishWarning
         * @description Something to be known about a post that can be published.
         */
        PublishWarning: {
            code: string;
            message: string;
            /** @description The field of the entry, or the option, that it is about. */
            field?: string;
        };
        /**
         * Queue
         * @description Load of a lane.
         */
        Queue: {
            lane: components["schemas"]["LaneName"];
            /**
             * Format: int64
             * @description Number of waiting jobs, including those with a later start time.
             */
            queued: number;
            /**
             * Format: double
             * @description Age of the oldest due job in seconds; null if none is due.
             */
            oldestDueSeconds: number | null;
            /**
             * Format: int64
             * @description Number of jobs with a lease.
             */
            running: number;
            /**
             * Format: int64
             * @description Number of jobs that crashed their workers too often.
             */
            dead: number;
            /**
             * Format: int64
             * @description Number of undelivered ids in Redis; null while Redis is unavailable.
             */
            redisDepth: number | null;
        };
        /**
         * Queues
         * @description Load of all lanes.
         * @example {
         *       "items": [
         *         {
         *           "lane": "calendar",
         *           "queued": 3,
         *           "oldestDueSeconds": 0.4,
         *           "running": 8,
         *           "dead": 0,
         *           "redisDepth": 3
         *         }
         *       ]
         *     }
         */
        Queues: {
            /** @description One per lane. */
            items: components["schemas"]["Queue"][];
        };
        /**
         * ReceiptAccount
         * @description The account of a receipt.
         */
        ReceiptAccount: {
            channel: components["schemas"]["PublishChannel"];
            accountId: string;
            /** @description The channel's id of the account. */
            externalId: string;
        };
        /**
         * ReceiptEvent
         * @description One change of an intent's status.
         */
        ReceiptEvent: {
            /** Format: date-time */
            at: string;
            from: components["schemas"]["IntentStatus"];
            to: components["schemas"]["IntentStatus"];
            /** @description What showed it. */
            proof?: unknown;
        };
        /**
         * ReceiptResponse
         * @description What became of an intent, in a chain: each receipt names the hash of the one before.
         * @example {
         *       "seq": 1,
         *       "intentId": "0198c4a2-81b0-7e55-8a3d-2f6a9c417b02",
         *       "payloadHash": "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
         *       "planHash": "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
         *       "transport": "live",
         *       "approvedBy": "0198c4a2-81b0-7e55-8a3d-2f6a9c417b02",
         *       "account": {
         *         "channel": "facebook",
         *         "accountId": "page_1",
         *         "externalId": "123"
         *       },
         *       "outcome": "published",
         *       "externalId": "123_456",
         *       "externalUrl": "https://www.facebook.com/123_456",
         *       "events": [
         *         {
         *           "at": "2026-01-20T09:30:12Z",
         *           "from": "publishing",
         *           "to": "published",
         *           "proof": {
         *             "status": 200
         *           }
         *         }
         *       ],
         *       "previous": null,
         *       "hash": "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
         *     }
         */
        ReceiptResponse: {
            /**
             * Format: uint64
             * @description Place in the user's chain, from 1, without gaps.
             */
            seq: number;
            intentId: string;
            payloadHash: string;
            planHash: string | null;
            transport: components["schemas"]["PublishTransport"];
            /** @description Id of the user who asked for it. */
            approvedBy: string;
            account: components["schemas"]["ReceiptAccount"];
            outcome: components["schemas"]["IntentStatus"];
            /** @description The channel's id of the post. */
            externalId: string | null;
            /** @description Address of the post. */
            externalUrl: string | null;
            events: components["schemas"]["ReceiptEvent"][];
            /** @description Hash of the receipt before; null in the first. */
            previous: string | null;
            /** @description SHA-256 of the canonical JSON (RFC 8785) of all other fields, in lower-case hex. */
            hash: string;
        };
        /**
         * RejectedSuggestions
         * @description Rejected suggestions.
         * @example {
         *       "suggestions": [
         *         {
         *           "id": "0198c4a2-81b0-7e55-8a3d-2f6a9c417b02",
         *           "generation_id": "0198c4a2-7d1e-7c3a-9f00-5b1e6d0c2a11",
         *           "front": "What is a mitochondrion?",
         *           "back": "An organelle that makes ATP",
         *           "status": "proposed",
         *           "created_at": "2026-01-20T09:30:12Z"
         *         }
         *       ]
         *     }
         */
        RejectedSuggestions: {
            suggestions: components["schemas"]["Suggestion"][];
        };
        /**
         * ResolveCommand
         * @description What became of an intent that needs a review.
         * @example {
         *       "outcome": "published",
         *       "url": "https://www.facebook.com/123_456"
         *     }
         */
        ResolveCommand: {
            outcome: components["schemas"]["IntentResolution"];
            /** @description Address of the post. */
            url?: string | null;
        };
        /**
         * RunAccepted
         * @description An accepted run.
         * @example {
         *       "runId": "0198c4a2-7d1e-7c3a-9f00-5b1e6d0c2a11",
         *       "calendarId": "0198c4a2-81b0-7e55-8a3d-2f6a9c417b02",
         *       "version": 1,
         *       "status": "pending",
         *       "urls": {
         *         "self": "/v1/jobs/0198c4a2-7d1e-7c3a-9f00-5b1e6d0c2a11",
         *         "events": "/v1/jobs/0198c4a2-7d1e-7c3a-9f00-5b1e6d0c2a11/events",
         *         "cancel": "/v1/jobs/0198c4a2-7d1e-7c3a-9f00-5b1e6d0c2a11/cancel"
         *       }
         *     }
         */
        RunAccepted: {
            /** @description Also the id of the job. */
            runId: string;
            calendarId: string;
            /**
             * Format: int32
             * @description Number of the run within its calendar, from 1; null if the calendar was deleted since.
             */
            version: number | null;
            status: components["schemas"]["AcceptedStatus"];
            urls: components["schemas"]["Urls"];
        };
        /**
         * RunPage
         * @description A page of runs.
         * @example {
         *       "items": [
         *         {
         *           "id": "0198c4a2-7d1e-7c3a-9f00-5b1e6d0c2a11",
         *           "calendarId": "0198c4a2-81b0-7e55-8a3d-2f6a9c417b02",
         *           "version": 1,
         *           "status": "succeeded",
         *           "request": {
         *             "channels": [
         *               "instagram",
         *               "blog"
         *             ],
         *             "cadence": "daily",
         *             "start": "2026-01-26",
         *             "end": "2026-02-01",
         *             "timezone": "Europe/Paris",
         *             "constraints": {
         *               "topics": [
         *                 "slow coffee"
         *               ],
         *               "tone": "warm",
         *               "language": "en"
         *             }
         *           },
         *           "planId": null,
         *           "model": "openai/gpt-4o-mini",
         *           "slots": 14,
         *           "entryCount": 14,
         *           "added": 14,
         *           "updated": 0,
         *           "removed": 0,
         *           "latencyMs": 9800,
         *           "tokens": 3100,
         *           "tokensInput": 900,
         *           "tokensOutput": 2200,
         *           "costUsd": 0.002,
         *           "message": null,
         *           "error": null,
         *           "createdAt": "2026-01-20T09:30:00Z",
         *           "finishedAt": "2026-01-20T09:30:12Z"
         *         }
         *       ],
         *       "nextCursor": null
         *     }
         */
        RunPage: {
            /** @description Newest first. */
            items: components["schemas"]["RunResponse"][];
            /** @description Cursor of the next page; null on the last one. */
            nextCursor: string | null;
        };
        /**
         * RunResponse
         * @description A run, which is one version of a calendar.
         * @example {
         *       "id": "0198c4a2-7d1e-7c3a-9f00-5b1e6d0c2a11",
         *       "calendarId": "0198c4a2-81b0-7e55-8a3d-2f6a9c417b02",
         *       "version": 1,
         *       "status": "succeeded",
         *       "request": {
         *         "channels": [
         *           "instagram",
         *           "blog"
         *         ],
         *         "cadence": "daily",
         *         "start": "2026-01-26",
         *         "end": "2026-02-01",
         *         "timezone": "Europe/Paris",
         *         "constraints": {
         *           "topics": [
         *             "slow coffee"
         *           ],
         *           "tone": "warm",
         *           "language": "en"
         *         }
         *       },
         *       "planId": null,
         *       "model": "openai/gpt-4o-mini",
         *       "slots": 14,
         *       "entryCount": 14,
         *       "added": 14,
         *       "updated": 0,
         *       "removed": 0,
         *       "latencyMs": 9800,
         *       "tokens": 3100,
         *       "tokensInput": 900,
         *       "tokensOutput": 2200,
         *       "costUsd": 0.002,
         *       "message": null,
         *       "error": null,
         *       "createdAt": "2026-01-20T09:30:00Z",
         *       "finishedAt": "2026-01-20T09:30:12Z"
         *     }
         */
        RunResponse: {
            /** @description Also the id of the job. */
            id: string;
            calendarId: string;
            /**
             * Format: int32
             * @description Number of the run within its calendar, from 1.
             */
            version: number;
            status: components["schemas"]["JobStatus"];
            /** @description The request as it was submitted. */
            request: {
                [key: string]: unknown;
            };
            /** @description The `planId` of the request. */
            planId: string | null;
            model: string;
            /**
             * Format: int32
             * @description Number of slots that the request asks for.
             */
            slots: number;
            /**
             * Format: int32
             * @description Number of generated entries.
             */
            entryCount: number;
            /**
             * Format: int32
             * @description Number of entries that were not saved when the run ended.
             */
            added: number | null;
            /**
             * Format: int32
             * @description Number of entries that differed from the saved ones when the run ended.
             */
            updated: number | null;
            /**
             * Format: int32
             * @description Number of saved entries without a slot in the run.
             */
            removed: number | null;
            /**
             * Format: int64
             * @description Milliseconds from the first start to the end.
             */
            latencyMs: number | null;
            /**
             * Format: int32
             * @description Input and output tokens.
             */
            tokens: number | null;
            /** Format: int32 */
            tokensInput: number | null;
            /** Format: int32 */
            tokensOutput: number | null;
            /**
             * Format: double
             * @description Cost in US dollars, if the provider reports it.
             */
            costUsd: number | null;
            /** @description The message of `error`. */
            message: string | null;
            /** @description Why the run did not succeed. */
            error: components["schemas"]["Failure"] | null;
            /** Format: date-time */
            createdAt: string;
            /** Format: date-time */
            finishedAt: string | null;
            /** @description Entries as generated; only in the answer about one run. */
            entries?: components["schemas"]["EntryMade"][];
        };
        /**
         * RunSummary
         * @description The result of a run.
         */
        RunSummary: {
            status: components["schemas"]["JobStatus"];
            /**
             * Format: int64
             * @description Number of generated entries.
             */
            entries: number;
            /**
             * Format: int64
             * @description Number of entries that were not saved when the run ended.
             */
            added: number | null;
            /**
             * Format: int64
             * @description Number of entries that differed from the saved ones when the run ended.
             */
            updated: number | null;
            /**
             * Format: int64
             * @description Number of saved entries without a slot in the run.
             */
            removed: number | null;
            /**
             * Format: int64
             * @description Milliseconds from the first start to the end.
             */
            latencyMs: number | null;
            /**
             * Format: int64
             * @description Input and output tokens.
             */
            tokens: number | null;
            /** Format: int64 */
            tokensInput: number | null;
            /** Format: int64 */
            tokensOutput: number | null;
            /**
             * Format: double
             * @description Cost in US dollars, if the provider reports it.
             */
            costUsd: number | null;
            /** @description False in a dry run, absent otherwise. */
            persisted?: boolean;
            /** @description Message for people. */
            message?: string | null;
        };
        /**
         * @description A day of the week.
         * @enum {string}
         */
        ScheduleDay: "mon" | "tue" | "wed" | "thu" | "fri" | "sat" | "sun";
        /**
         * ScheduleDecision
         * @description What became of a fire.
         */
        ScheduleDecision: {
            /**
             * Format: date-time
             * @description When it was due.
             */
            fire_at: string;
            outcome: components["schemas"]["FireOutcome"];
            /** @description A code, e.g. `NO_NEWS`, `LATE`, `BUSY`, `UNDELIVERED`, or that of the error. */
            reason: string | null;
            /**
             * Format: date-time
             * @description Time of the decision.
             */
            at: string;
        };
        /**
         * ScheduleDecisionPage
         * @description A page of decisions.
         * @example {
         *       "items": [
         *         {
         *           "fire_at": "2026-01-19T09:00:00Z",
         *           "outcome": "done",
         *           "reason": null,
         *           "at": "2026-01-19T09:00:41Z"
         *         }
         *       ],
         *       "next_cursor": null
         *     }
         */
        ScheduleDecisionPage: {
            /** @description Newest first. */
            items: components["schemas"]["ScheduleDecision"][];
            /** @description Cursor of the next page; null on the last one. */
            next_cursor: string | null;
        };
        /**
         * SchedulePreview
         * @description Fires that lie ahead.
         * @example {
         *       "items": [
         *         {
         *           "fire_at": "2026-01-23T09:00:00Z",
         *           "local_time": "2026-01-23T09:00:00+00:00",
         *           "zone": "UTC"
         *         }
         *       ]
         *     }
         */
        SchedulePreview: {
            /** @description Earliest first, at most 250. */
            items: components["schemas"]["PlannedFire"][];
        };
        /**
         * ScheduleResponse
         * @description The schedule of a theme.
         * @example {
         *       "id": "0198c4a2-7d1e-7c3a-9f00-5b1e6d0c2a11",
         *       "theme_id": "0198c4a2-81b0-7e55-8a3d-2f6a9c417b02",
         *       "version": 1768901400000000,
         *       "enabled": true,
         *       "days": [
         *         "mon",
         *         "fri"
         *       ],
         *       "time_utc": "09:00",
         *       "emails": [
         *         "reader@example.com"
         *       ],
         *       "last_run_at": null,
         *       "timezone": null,
         *       "time_local": null,
         *       "catch_up_minutes": null,
         *       "next_fire_at": "2026-01-23T09:00:00Z"
         *     }
         */
        ScheduleResponse: {
            id: string;
            theme_id: string;
            /**
             * Format: int64
             * @description Another one after each save. The value for `If-Match`.
             */
            version: number;
            enabled: boolean;
            /** @description In the order in which they were sent. */
            days: components["schemas"]["ScheduleDay"][];
            /** @description `HH:MM` in UTC. */
            time_utc: string;
            emails: string[];
            /**
             * Format: date-time
             * @description Time of the last fire that succeeded.
             */
            last_run_at: string | null;
            /** @description IANA name. */
            timezone: string | null;
            /** @description `HH:MM` in `timezone`. */
            time_local: string | null;
            /** Format: int32 */
            catch_up_minutes: number | null;
            /**
             * Format: date-time
             * @description When it fires next; null if it does not.
             */
            next_fire_at: string | null;
        };
        /**
         * SectionMade
         * @description A new section.
         */
        SectionMade: {
            title: string;
            summary: string;
            articles: components["schemas"]["SynthesisArticle"][];
        };
        /**
         * SeedPlacement
         * @description A placement that the client planned.
         */
        SeedPlacement: {
            /** @description A later run with the same id replaces the placement. Of a repeated id the last one counts. */
            placementId: string;
            /** @description The trend, question or event that the placement is about. */
            trendId: string;
            /** @description Local date, `YYYY-MM-DD`, within the week. */
            dayId: string;
            /** @description RFC 3339; its local date in `timezone` must be `dayId` (422 `DAY_MISMATCH`). */
            scheduledAt: string;
            /** @description The client's label for the time. */
            timeLabel?: string | null;
            platform: components["schemas"]["SeedPlatform"];
            /** @description If absent the account of `platformAccountIds`; if that is absent too, an `error` event `MISSING_ACCOUNT`. */
            accountId?: string | null;
            seedSource?: components["schemas"]["SeedSource"] | null;
            desiredFormat?: components["schemas"]["PlacementFormat"] | null;
            /** @description Hints for the model, such as `tags` and `priority`. */
            metadata?: {
                [key: string]: unknown;
            } | null;
        };
        /**
         * @description A platform on which a brand has accounts.
         * @enum {string}
         */
        SeedPlatform: "instagram" | "linkedin" | "facebook" | "tiktok" | "youtube";
        /**
         * @description Kind of a trend.
         * @enum {string}
         */
        SeedSource: "trend" | "question" | "event" | "manual";
        /**
         * SessionResponse
         * @description A session.
         * @example {
         *       "userId": "0198c4a2-7d1e-7c3a-9f00-5b1e6d0c2a11",
         *       "role": "authenticated",
         *       "admin": false,
         *       "expiresAt": "2026-01-20T09:30:12Z"
         *     }
         */
        SessionResponse: {
            /** @description The token's `sub`. */
            userId: string;
            role: components["schemas"]["SessionRole"];
            /** @description Whether the user may call `/admin`. */
            admin: boolean;
            /**
             * Format: date-time
             * @description Expiry of the token.
             */
            expiresAt: string;
        };
        /**
         * @description Role of a session's token.
         * @enum {string}
         */
        SessionRole: "authenticated";
        /**
         * SidesPatch
         * @description A merge patch of a card or a suggestion. At least one of the two is required.
         * @example {
         *       "back": "The powerhouse of the cell"
         *     }
         */
        SidesPatch: {
            /** @description The question, 1 to 500 characters. */
            front?: string | null;
            /** @description The answer, 1 to 2,000 characters. */
            back?: string | null;
        };
        /**
         * @description Why a part of a run was not accepted.
         * @enum {string}
         */
        SkipReason: "edited" | "deleted" | "not_in_run";
        /**
         * SkippedEntry
         * @description An entry that is left out.
         */
        SkippedEntry: {
            /** @description The entry or placement. */
            entryId: string;
            /** @description `CHANNEL_UNSUPPORTED`, `ALREADY_PUBLISHED` or `IN_THE_PAST`. */
            code: string;
        };
        /**
         * SkippedResponse
         * @description A part of a run that was not accepted.
         */
        SkippedResponse: {
            /** @description Key of the entry. */
            key: string;
            /** @description The field; null for the whole entry. */
            field: components["schemas"]["EntryField"] | null;
            reason: components["schemas"]["SkipReason"];
        };
        /**
         * @description Origin of an entry: `ai` for a run, `human` for an entry that was added by hand.
         * @enum {string}
         */
        Source: "ai" | "human";
        /**
         * StreamError
         * @description A failure of a slot or of the run.
         */
        StreamError: {
            /** @description Code for programs. */
            code: string;
            /** @description Message for people. */
            message: string;
            /** @description What the provider did. */
            reason?: string;
            /** @description The field of the entry, or the option, that it is about. */
            field?: string;
            /**
             * Format: uint64
             * @description The channel's limit that was passed.
             */
            limit?: number;
            /** @description Whether the same request may succeed later. */
            retryable?: boolean;
            /** @description The post that the channel takes this one for. */
            existing_id?: string;
            /**
             * Format: int64
             * @description HTTP status of the provider's answer.
             */
            provider_status?: number;
            /** @description The provider's code of the error. */
            provider_code?: string;
            /** @description The provider's id of the call. */
            request_id?: string;
            /** @description First 500 characters of the provider's answer, without secrets. */
            excerpt?: string;
            /**
             * Format: int64
             * @description Milliseconds that the call took.
             */
            latency_ms?: number;
            /**
             * Format: int64
             * @description Pause that the provider asks for.
             */
            retry_after_seconds?: number;
            /** @description Key of the slot. */
            key?: string;
        };
        /**
         * StreamTicket
         * @description A ticket for the events of one job.
         * @example {
         *       "ticket": "eyJqb2IiOiIwMTk4YzRhMiJ9.c2lnbmF0dXJl",
         *       "expiresAt": "2026-01-20T09:30:12Z"
         *     }
         */
        StreamTicket: {
            /** @description Value for `?ticket=`. */
            ticket: string;
            /**
             * Format: date-time
             * @description Checked on connect only.
             */
            expiresAt: string;
        };
        /**
         * Subject
         * @description The resource of a job.
         */
        Subject: {
            /** @description `generation`, `calendar`, `week`, `intent`, `synthesis`, `delivery` or `account`. */
            type: string;
            id: string;
        };
        /**
         * Suggestion
         * @description A proposed card.
         * @example {
         *       "id": "0198c4a2-81b0-7e55-8a3d-2f6a9c417b02",
         *       "generation_id": "0198c4a2-7d1e-7c3a-9f00-5b1e6d0c2a11",
         *       "front": "What is a mitochondrion?",
         *       "back": "An organelle that makes ATP",
         *       "status": "proposed",
         *       "created_at": "2026-01-20T09:30:12Z"
         *     }
         */
        Suggestion: {
            id: string;
            generation_id: string;
            /** @description The question. */
            front: string;
            /** @description The answer. */
            back: string;
            status: components["schemas"]["SuggestionStatus"];
            /** Format: date-time */
            created_at: string;
        };
        /**
         * SuggestionChoice
         * @description A choice of suggestions.
         * @example {
         *       "suggestion_ids": [
         *         "0198c4a2-81b0-7e55-8a3d-2f6a9c417b02"
         *       ]
         *     }
         */
        SuggestionChoice: {
            /** @description All proposed and edited suggestions if absent. */
            suggestion_ids?: string[] | null;
        };
        /**
         * SuggestionMade
         * @description A new suggestion.
         */
        SuggestionMade: {
            id: string;
            front: string;
            back: string;
        };
        /**
         * SuggestionPage
         * @description A page of suggestions.
         * @example {
         *       "items": [
         *         {
         *           "id": "0198c4a2-81b0-7e55-8a3d-2f6a9c417b02",
         *           "generation_id": "0198c4a2-7d1e-7c3a-9f00-5b1e6d0c2a11",
         *           "front": "What is a mitochondrion?",
         *           "back": "An organelle that makes ATP",
         *           "status": "proposed",
         *           "created_at": "2026-01-20T09:30:12Z"
         *         }
         *       ],
         *       "next_cursor": null
         *     }
         */
        SuggestionPage: {
            /** @description Oldest first. */
            items: components["schemas"]["Suggestion"][];
            /** @description Cursor of the next page; null on the last one. */
            next_cursor: string | null;
        };
        /**
         * @description Status of a suggestion. `edited` is proposed with another text.
         * @enum {string}
         */
        SuggestionStatus: "proposed" | "accepted" | "edited" | "rejected";
        /**
         * Synthesis
         * @description A synthesis.
         * @example {
         *       "id": "0198c4a2-7d1e-7c3a-9f00-5b1e6d0c2a11",
         *       "theme_id": "0198c4a2-81b0-7e55-8a3d-2f6a9c417b02",
         *       "status": "succeeded",
         *       "week": "2026-W04",
         *       "fire_date": null,
         *       "sections": [
         *         {
         *           "title": "Récoltes",
         *           "summary": "La récolte a commencé plus tôt cette année.",
         *           "articles": [
         *             {
         *               "title": "An early harvest",
         *               "url": "https://news.example.com/early-harvest",
         *               "published_at": "2026-01-20T09:30:00Z",
         *               "takeaway": "Trois semaines d'avance dans les vallées."
         *             }
         *           ]
         *         }
         *       ],
         *       "error": null,
         *       "model": "openai/gpt-4o-mini",
         *       "tokens_input": 2400,
         *       "tokens_output": 700,
         *       "cost_usd": 0.001,
         *       "created_at": "2026-01-20T09:30:00Z",
         *       "finished_at": "2026-01-20T09:30:12Z"
         *     }
         */
        Synthesis: {
            /** @description Equal to the id of its job. */
            id: string;
            theme_id: string;
            status: components["schemas"]["GenerationStatus"];
            /** @description ISO week of the run in the schedule's zone, e.g. `2026-W13`; null before its feeds were read. */
            week: string | null;
            /**
             * Format: naive-date
             * @description Local date of the fire of a schedule; null if a person asked for it.
             */
            fire_date: string | null;
            sections: components["schemas"]["SynthesisSection"][];
            /** @description Why it failed, e.g. `NO_NEWS`, `SOURCES_FAILED` or `SYNTHESIS_TIMEOUT`. */
            error: components["schemas"]["Failure"] | null;
            model: string;
            /** Format: int32 */
            tokens_input: number | null;
            /** Format: int32 */
            tokens_output: number | null;
            /**
             * Format: double
             * @description Cost in US dollars, if the provider reports it.
             */
            cost_usd: number | null;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            finished_at: string | null;
        };
        /**
         * SynthesisAccepted
         * @description An accepted synthesis or test mail.
         * @example {
         *       "id": "0198c4a2-7d1e-7c3a-9f00-5b1e6d0c2a11",
         *       "theme_id": "0198c4a2-81b0-7e55-8a3d-2f6a9c417b02",
         *       "status": "pending",
         *       "urls": {
         *         "self": "/v1/jobs/0198c4a2-7d1e-7c3a-9f00-5b1e6d0c2a11",
         *         "events": "/v1/jobs/0198c4a2-7d1e-7c3a-9f00-5b1e6d0c2a11/events",
         *         "cancel": "/v1/jobs/0198c4a2-7d1e-7c3a-9f00-5b1e6d0c2a11/cancel"
         *       }
         *     }
         */
        SynthesisAccepted: {
            /** @description Id of the job, and of the synthesis or mail. */
            id: string;
            theme_id: string;
            status: components["schemas"]["AcceptedStatus"];
            urls: components["schemas"]["Urls"];
        };
        /**
         * SynthesisArticle
         * @description An item in a section.
         */
        SynthesisArticle: {
            title: string;
            /** @description Address of the item, if the feed gives one. */
            url: string | null;
            /** Format: date-time */
            published_at: string;
            /** @description What the model says about it; may be empty. */
            takeaway: string;
        };
        /**
         * SynthesisDone
         * @description The result of a synthesis.
         */
        SynthesisDone: {
            status: components["schemas"]["GenerationStatus"];
            synthesis_id: string;
            week: string | null;
            /**
             * Format: uint64
             * @description Number of sections.
             */
            sections: number;
            /**
             * Format: int64
             * @description Milliseconds from the first start to the end.
             */
            latency_ms: number | null;
            /**
             * Format: int64
             * @description Input and output tokens.
             */
            tokens: number | null;
            /** Format: int64 */
            tokens_input: number | null;
            /** Format: int64 */
            tokens_output: number | null;
            /**
             * Format: double
             * @description Cost in US dollars, if the provider reports it.
             */
            cost_usd: number | null;
            /** @description Why the synthesis failed or was cancelled. */
            error: components["schemas"]["Failure"] | null;
        };
        /**
         * SynthesisDoneLine
         * @description The result of a synthesis.
         */
        SynthesisDoneLine: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "done";
            /**
             * Format: int64
             * @description Position in the event log, from 1; absent in events that are not stored.
             */
            seq?: number;
            status: components["schemas"]["GenerationStatus"];
            synthesis_id: string;
            week: string | null;
            /**
             * Format: uint64
             * @description Number of sections.
             */
            sections: number;
            /**
             * Format: int64
             * @description Milliseconds from the first start to the end.
             */
            latency_ms: number | null;
            /**
             * Format: int64
             * @description Input and output tokens.
             */
            tokens: number | null;
            /** Format: int64 */
            tokens_input: number | null;
            /** Format: int64 */
            tokens_output: number | null;
            /**
             * Format: double
             * @description Cost in US dollars, if the provider reports it.
             */
            cost_usd: number | null;
            /** @description Why the synthesis failed or was cancelled. */
            error: components["schemas"]["Failure"] | null;
        };
        /**
         * SynthesisErrorLine
         * @description Why work failed.
         */
        SynthesisErrorLine: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "error";
            /**
             * Format: int64
             * @description Position in the event log, from 1; absent in events that are not stored.
             */
            seq?: number;
            /** @description Code for programs. */
            code: string;
            /** @description Message for people. */
            message: string;
            /** @description What the provider did. */
            reason?: string;
            /** @description The field of the entry, or the option, that it is about. */
            field?: string;
            /**
             * Format: uint64
             * @description The channel's limit that was passed.
             */
            limit?: number;
            /** @description Whether the same request may succeed later. */
            retryable?: boolean;
            /** @description The post that the channel takes this one for. */
            existing_id?: string;
            /**
             * Format: int64
             * @description HTTP status of the provider's answer.
             */
            provider_status?: number;
            /** @description The provider's code of the error. */
            provider_code?: string;
            /** @description The provider's id of the call. */
            request_id?: string;
            /** @description First 500 characters of the provider's answer, without secrets. */
            excerpt?: string;
            /**
             * Format: int64
             * @description Milliseconds that the call took.
             */
            latency_ms?: number;
            /**
             * Format: int64
             * @description Pause that the provider asks for.
             */
            retry_after_seconds?: number;
        };
        /** @description The data of one server-sent event of a synthesis, by its `event`. */
        SynthesisFrame: components["schemas"]["SynthesisProgress"] | components["schemas"]["SectionMade"] | components["schemas"]["Failure"] | components["schemas"]["SynthesisDone"] | components["schemas"]["SynthesisSnapshot"];
        /** @description One NDJSON line of a synthesis, by its `type`. */
        SynthesisLine: components["schemas"]["SynthesisProgressLine"] | components["schemas"]["SynthesisSectionLine"] | components["schemas"]["SynthesisErrorLine"] | components["schemas"]["SynthesisDoneLine"] | components["schemas"]["SynthesisSnapshotLine"];
        /**
         * SynthesisPage
         * @description A page of syntheses.
         * @example {
         *       "items": [
         *         {
         *           "id": "0198c4a2-7d1e-7c3a-9f00-5b1e6d0c2a11",
         *           "theme_id": "0198c4a2-81b0-7e55-8a3d-2f6a9c417b02",
         *           "status": "succeeded",
         *           "week": "2026-W04",
         *           "fire_date": null,
         *           "sections": [
         *             {
         *               "title": "Récoltes",
         *               "summary": "La récolte a commencé plus tôt cette année.",
         *               "articles": [
         *                 {
         *                   "title": "An early harvest",
         *                   "url": "https://news.example.com/early-harvest",
         *                   "published_at": "2026-01-20T09:30:00Z",
         *                   "takeaway": "Trois semaines d'avance dans les vallées."
         *                 }
         *               ]
         *             }
         *           ],
         *           "error": null,
         *           "model": "openai/gpt-4o-mini",
         *           "tokens_input": 2400,
         *           "tokens_output": 700,
         *           "cost_usd": 0.001,
         *           "created_at": "2026-01-20T09:30:00Z",
         *           "finished_at": "2026-01-20T09:30:12Z"
         *         }
         *       ],
         *       "next_cursor": null
         *     }
         */
        SynthesisPage: {
            /** @description Newest first. */
            items: components["schemas"]["Synthesis"][];
            /** @description Cursor of the next page; null on the last one. */
            next_cursor: string | null;
        };
        /**
         * SynthesisProgress
         * @description Progress of a synthesis; without `seq` a heartbeat.
         */
        SynthesisProgress: {
            /** @description `init`, `fetch` or `write`. */
            step: string;
            message: string;
            /** Format: uint64 */
            percent: number;
            /** @description Present while a dependency is unavailable. */
            meta?: components["schemas"]["EventMeta"];
        };
        /**
         * SynthesisProgressLine
         * @description Progress of a synthesis; without `seq` a heartbeat.
         */
        SynthesisProgressLine: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "progress";
            /**
             * Format: int64
             * @description Position in the event log, from 1; absent in events that are not stored.
             */
            seq?: number;
            /** @description `init`, `fetch` or `write`. */
            step: string;
            message: string;
            /** Format: uint64 */
            percent: number;
            /** @description Present while a dependency is unavailable. */
            meta?: components["schemas"]["EventMeta"];
        };
        /**
         * SynthesisSection
         * @description A section of a synthesis.
         */
        SynthesisSection: {
            title: string;
            summary: string;
            /** @description The items that it is about. */
            articles: components["schemas"]["SynthesisArticle"][];
        };
        /**
         * SynthesisSectionLine
         * @description A new section.
         */
        SynthesisSectionLine: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "section";
            /**
             * Format: int64
             * @description Position in the event log, from 1; absent in events that are not stored.
             */
            seq?: number;
            title: string;
            summary: string;
            articles: components["schemas"]["SynthesisArticle"][];
        };
        /**
         * SynthesisSnapshot
         * @description The data of a `snapshot`: the job with its sections.
         */
        SynthesisSnapshot: {
            /** @description Also the id of the run or generation. */
            id: string;
            kind: components["schemas"]["JobKind"];
            status: components["schemas"]["JobStatus"];
            /**
             * Format: int32
             * @description Number of retries so far.
             */
            attempt: number;
            /** Format: date-time */
            createdAt: string;
            /**
             * Format: date-time
             * @description Time of the first start.
             */
            startedAt: string | null;
            /** Format: date-time */
            finishedAt: string | null;
            progress: components["schemas"]["JobProgress"];
            /** @description Why the job failed or was cancelled. */
            error: components["schemas"]["Failure"] | null;
            subject: components["schemas"]["Subject"];
            urls: components["schemas"]["Urls"];
            /** @description The job that this one repeats. */
            retryOf?: string;
            sections: components["schemas"]["SynthesisSection"][];
        };
        /**
         * SynthesisSnapshotLine
         * @description The data of a `snapshot`: the job with its sections.
         */
        SynthesisSnapshotLine: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "snapshot";
            /**
             * Format: int64
             * @description Position in the event log, from 1; absent in events that are not stored.
             */
            seq?: number;
            /** @description Also the id of the run or generation. */
            id: string;
            kind: components["schemas"]["JobKind"];
            status: components["schemas"]["JobStatus"];
            /**
             * Format: int32
             * @description Number of retries so far.
             */
            attempt: number;
            /** Format: date-time */
            createdAt: string;
            /**
             * Format: date-time
             * @description Time of the first start.
             */
            startedAt: string | null;
            /** Format: date-time */
            finishedAt: string | null;
            progress: components["schemas"]["JobProgress"];
            /** @description Why the job failed or was cancelled. */
            error: components["schemas"]["Failure"] | null;
            subject: components["schemas"]["Subject"];
            urls: components["schemas"]["Urls"];
            /** @description The job that this one repeats. */
            retryOf?: string;
            sections: components["schemas"]["SynthesisSection"][];
        };
        /**
         * Theme
         * @description A theme.
         * @example {
         *       "id": "0198c4a2-81b0-7e55-8a3d-2f6a9c417b02",
         *       "version": 1768901400000000,
         *       "name": "Coffee weekly",
         *       "description": "Specialty coffee, from the plant to the cup.",
         *       "language": "fr",
         *       "sources": [
         *         "https://news.example.com/coffee.xml"
         *       ],
         *       "sections": [
         *         "Récoltes",
         *         "Torréfaction"
         *       ],
         *       "created_at": "2026-01-20T09:30:00Z",
         *       "updated_at": "2026-01-20T09:30:00Z"
         *     }
         */
        Theme: {
            id: string;
            /**
             * Format: int64
             * @description Another one after each change. The value for `If-Match`.
             */
            version: number;
            name: string;
            description: string;
            language: string;
            /** @description Addresses of its feeds. */
            sources: string[];
            /** @description Titles of its sections; empty if the model chooses them. */
            sections: string[];
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            updated_at: string;
        };
        /**
         * ThemePage
         * @description A page of themes.
         * @example {
         *       "items": [
         *         {
         *           "id": "0198c4a2-81b0-7e55-8a3d-2f6a9c417b02",
         *           "version": 1768901400000000,
         *           "name": "Coffee weekly",
         *           "description": "Specialty coffee, from the plant to the cup.",
         *           "language": "fr",
         *           "sources": [
         *             "https://news.example.com/coffee.xml"
         *           ],
         *           "sections": [
         *             "Récoltes",
         *             "Torréfaction"
         *           ],
         *           "created_at": "2026-01-20T09:30:00Z",
         *           "updated_at": "2026-01-20T09:30:00Z"
         *         }
         *       ],
         *       "next_cursor": null
         *     }
         */
        ThemePage: {
            /** @description Newest first. */
            items: components["schemas"]["Theme"][];
            /** @description Cursor of the next page; null on the last one. */
            next_cursor: string | null;
        };
        /**
         * ThemePatch
         * @description A merge patch of a theme.
         * @example {
         *       "sources": [
         *         "https://news.example.com/coffee.xml"
         *       ],
         *       "sections": null
         *     }
         */
        ThemePatch: {
            /** @description 1 to 200 characters, one line. */
            name?: string;
            /** @description Null removes it. */
            description?: string | null;
            /** @description Null sets it to `en`. */
            language?: string | null;
            /** @description Replaces the list; null empties it. */
            sources?: string[] | null;
            /** @description Replaces the list; null empties it. */
            sections?: string[] | null;
        };
        /**
         * ThemeSource
         * @description A feed of a theme.
         */
        ThemeSource: {
            url: string;
            /**
             * Format: date-time
             * @description Time of the last fetch that succeeded.
             */
            last_fetched_at: string | null;
            /** @description Why the last fetch failed; null if it succeeded. */
            last_error: components["schemas"]["Failure"] | null;
            /**
             * Format: int64
             * @description Number of items in the feed.
             */
            items: number;
        };
        /**
         * ThemeSourceList
         * @description The feeds of a theme.
         * @example {
         *       "items": [
         *         {
         *           "url": "https://news.example.com/coffee.xml",
         *           "last_fetched_at": "2026-01-20T09:30:12Z",
         *           "last_error": null,
         *           "items": 25
         *         }
         *       ]
         *     }
         */
        ThemeSourceList: {
            /** @description In the theme's order. */
            items: components["schemas"]["ThemeSource"][];
        };
        /**
         * TicketOrder
         * @description A request for a ticket.
         * @example {
         *       "jobId": "0198c4a2-7d1e-7c3a-9f00-5b1e6d0c2a11"
         *     }
         */
        TicketOrder: {
            jobId: string;
        };
        /**
         * TiktokOptions
         * @description Options of TikTok posts.
         */
        TiktokOptions: {
            /** @description Required here or in the account's settings. */
            privacyLevel?: components["schemas"]["TiktokPrivacyLevel"];
            /** @description False if absent. */
            allowComment?: boolean;
            /** @description False if absent; videos only. */
            allowDuet?: boolean;
            /** @description False if absent; videos only. */
            allowStitch?: boolean;
            /** @description Advertises the brand of a third party. */
            brandContent?: boolean;
            /** @description Advertises the account's own brand. */
            brandOrganic?: boolean;
            /** @description Declares the content as made by AI; videos only. */
            aiGenerated?: boolean;
        };
        /**
         * @description Who sees a TikTok post.
         * @enum {string}
         */
        TiktokPrivacyLevel: "PUBLIC_TO_EVERYONE" | "MUTUAL_FOLLOW_FRIENDS" | "FOLLOWER_OF_CREATOR" | "SELF_ONLY";
        /**
         * TrendPage
         * @description A page of trends.
         * @example {
         *       "items": [
         *         {
         *           "id": "trend_1",
         *           "title": "Slow coffee",
         *           "source": "trend",
         *           "description": null,
         *           "priority": 10,
         *           "tags": [
         *             "coffee"
         *           ],
         *           "createdAt": "2026-01-20T09:30:00Z",
         *           "updatedAt": "2026-01-20T09:30:00Z"
         *         }
         *       ],
         *       "nextCursor": null
         *     }
         */
        TrendPage: {
            /** @description Newest first. */
            items: components["schemas"]["TrendResponse"][];
            /** @description Cursor of the next page; null on the last one. */
            nextCursor: string | null;
        };
        /**
         * TrendPatch
         * @description A merge patch of a trend. Unknown fields and `id` are ignored.
         * @example {
         *       "priority": 20,
         *       "tags": [
         *         "coffee"
         *       ]
         *     }
         */
        TrendPatch: {
            /** @description 1 to 300 characters. */
            title?: string;
            source?: components["schemas"]["SeedSource"];
            /** @description Null removes it. */
            description?: string | null;
            /**
             * Format: int32
             * @description 0 to 100; null is 0.
             */
            priority?: number | null;
            /** @description Replaces all tags; null removes them. */
            tags?: string[] | null;
        };
        /**
         * TrendResponse
         * @description A trend.
         * @example {
         *       "id": "trend_1",
         *       "title": "Slow coffee",
         *       "source": "trend",
         *       "description": null,
         *       "priority": 10,
         *       "tags": [
         *         "coffee"
         *       ],
         *       "createdAt": "2026-01-20T09:30:00Z",
         *       "updatedAt": "2026-01-20T09:30:00Z"
         *     }
         */
        TrendResponse: {
            id: string;
            title: string;
            source: components["schemas"]["SeedSource"];
            description: string | null;
            /**
             * Format: int32
             * @description 0 to 100. A preset uses trends of higher priority first.
             */
            priority: number;
            tags: string[];
            /** Format: date-time */
            createdAt: string;
            /** Format: date-time */
            updatedAt: string;
        };
        /**
         * UpsertScheduleRequest
         * @description The schedule to save. What a rule refuses is 422: a day, a time, an address, or a fourth address.
         * @example {
         *       "enabled": true,
         *       "days": [
         *         "mon",
         *         "fri"
         *       ],
         *       "time_utc": "09:00",
         *       "emails": [
         *         "reader@example.com"
         *       ]
         *     }
         */
        UpsertScheduleRequest: {
            /** @description Whether it fires. */
            enabled: boolean;
            /** @description `mon` to `sun`; none: it never fires. */
            days: string[];
            /** @description `HH:MM` in UTC. Echoed, but without effect when `timezone` and `time_local` are given. */
            time_utc: string;
            /** @description Recipients, at most 3; none: no mail. */
            emails: string[];
            /** @description IANA name; with `time_local`. */
            timezone?: string | null;
            /** @description `HH:MM` in `timezone`. A time that clocks skip fires right after the gap, one that comes twice fires once. */
            time_local?: string | null;
            /**
             * Format: int64
             * @description How late a fire may start, in minutes; null: until the end of its date.
             */
            catch_up_minutes?: number | null;
        };
        /**
         * Urls
         * @description Links of a job.
         */
        Urls: {
            /** @description The resource. */
            self: string;
            /** @description The event log. */
            events: string;
            /** @description Cancellation of the job. */
            cancel: string;
        };
        /**
         * Version
         * @description Version of the service.
         * @example {
         *       "name": "almanac",
         *       "version": "0.1.0"
         *     }
         */
        Version: {
            /** @description Always `almanac`. */
            name: string;
            version: string;
        };
        /**
         * WeekAccepted
         * @description An accepted week.
         * @example {
         *       "runId": "0198c4a2-7d1e-7c3a-9f00-5b1e6d0c2a11",
         *       "brandProfileId": "brand_123",
         *       "weekStart": "2026-01-26",
         *       "status": "pending",
         *       "urls": {
         *         "self": "/v1/jobs/0198c4a2-7d1e-7c3a-9f00-5b1e6d0c2a11",
         *         "events": "/v1/jobs/0198c4a2-7d1e-7c3a-9f00-5b1e6d0c2a11/events",
         *         "cancel": "/v1/jobs/0198c4a2-7d1e-7c3a-9f00-5b1e6d0c2a11/cancel"
         *       }
         *     }
         */
        WeekAccepted: {
            /** @description Also the id of the job. */
            runId: string;
            brandProfileId: string;
            /** @description Monday of the week, `YYYY-MM-DD`. */
            weekStart: string;
            status: components["schemas"]["AcceptedStatus"];
            urls: components["schemas"]["Urls"];
        };
        /**
         * WeekComplete
         * @description The result of a week's run.
         */
        WeekComplete: {
            status?: components["schemas"]["JobStatus"];
            /**
             * Format: uint32
             * @description Number of generated placements.
             */
            placements?: number;
            /**
             * Format: uint32
             * @description Number of placements with an `error` event.
             */
            errors?: number;
            /**
             * Format: uint32
             * @description Number of placements that were moved to a free slot.
             */
            adjusted?: number;
            /**
             * Format: int64
             * @description Milliseconds from the first start to the end.
             */
            latencyMs?: number;
            /**
             * Format: int64
             * @description Input and output tokens.
             */
            tokens?: number;
            /** Format: int64 */
            tokensInput?: number;
            /** Format: int64 */
            tokensOutput?: number;
            /**
             * Format: double
             * @description Cost in US dollars, if the provider reports it.
             */
            costUsd?: number;
            message?: string;
        };
        /**
         * WeekCompleteLine
         * @description The result of a week's run.
         */
        WeekCompleteLine: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "complete";
            /**
             * Format: int64
             * @description Position in the event log, from 1; absent in events that are not stored.
             */
            seq?: number;
            status?: components["schemas"]["JobStatus"];
            /**
             * Format: uint32
             * @description Number of generated placements.
             */
            placements?: number;
            /**
             * Format: uint32
             * @description Number of placements with an `error` event.
             */
            errors?: number;
            /**
             * Format: uint32
             * @description Number of placements that were moved to a free slot.
             */
            adjusted?: number;
            /**
             * Format: int64
             * @description Milliseconds from the first start to the end.
             */
            latencyMs?: number;
            /**
             * Format: int64
             * @description Input and output tokens.
             */
            tokens?: number;
            /** Format: int64 */
            tokensInput?: number;
            /** Format: int64 */
            tokensOutput?: number;
            /**
             * Format: double
             * @description Cost in US dollars, if the provider reports it.
             */
            costUsd?: number;
            message?: string;
        };
        /**
         * WeekError
         * @description A failure of a placement or, without `placementId`, of the run.
         */
        WeekError: {
            /** @description E.g. `MISSING_ACCOUNT`, `TREND_NOT_FOUND`, `NO_FREE_SLOT`, `ACCOUNT_DISCONNECTED`, `AUTH_FAILED`, `SLOT_UNFILLED`. */
            code?: string;
            message: string;
            placementId?: string;
        };
        /**
         * WeekErrorLine
         * @description A failure of a placement or, without `placementId`, of the run.
         */
        WeekErrorLine: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "error";
            /**
             * Format: int64
             * @description Position in the event log, from 1; absent in events that are not stored.
             */
            seq?: number;
            /** @description E.g. `MISSING_ACCOUNT`, `TREND_NOT_FOUND`, `NO_FREE_SLOT`, `ACCOUNT_DISCONNECTED`, `AUTH_FAILED`, `SLOT_UNFILLED`. */
            code?: string;
            message: string;
            placementId?: string;
        };
        /** @description The data of one server-sent event of a week, by its `event`. */
        WeekFrame: components["schemas"]["WeekProgress"] | components["schemas"]["WeekPlacement"] | components["schemas"]["WeekError"] | components["schemas"]["WeekComplete"] | components["schemas"]["WeekSnapshot"];
        /** @description One NDJSON line of a week, by its `type`. */
        WeekLine: components["schemas"]["WeekProgressLine"] | components["schemas"]["WeekPlacementLine"] | components["schemas"]["WeekErrorLine"] | components["schemas"]["WeekCompleteLine"] | components["schemas"]["WeekSnapshotLine"];
        /**
         * WeekOptions
         * @description Options of a week.
         */
        WeekOptions: {
            /** @description Fills the slots that the placements leave free. */
            schedulePreset?: components["schemas"]["WeekSchedulePreset"] | null;
            /** @description Adds one placement `newsletter-<dayId>`. */
            includeNewsletter?: boolean | null;
            /** @description Day of the newsletter, `YYYY-MM-DD`. With a preset it defaults to `weekStart`. */
            newsletterDayId?: string | null;
            /** @description Guidance for the model. */
            guidancePrompt?: string | null;
            /** @description Language of the texts, e.g. `en-US`. */
            language?: string | null;
            /** @description Platforms that the preset fills first. */
            preferredPlatforms?: components["schemas"]["SeedPlatform"][] | null;
        };
        /**
         * WeekPlacement
         * @description A generated placement.
         */
        WeekPlacement: {
            placement: components["schemas"]["PlacementMade"];
        };
        /**
         * WeekPlacementLine
         * @description A generated placement.
         */
        WeekPlacementLine: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "placement";
            /**
             * Format: int64
             * @description Position in the event log, from 1; absent in events that are not stored.
             */
            seq?: number;
            placement: components["schemas"]["PlacementMade"];
        };
        /**
         * WeekProgress
         * @description Progress of a run; without `seq` a heartbeat, at least every 5 s.
         */
        WeekProgress: {
            /**
             * Format: uint32
             * @description Number of placements that are finished or failed.
             */
            completed: number;
            /**
             * Format: uint32
             * @description Number of planned placements.
             */
            total: number;
            stage?: components["schemas"]["WeekStage"];
            message?: string;
            /** @description Present while a dependency is unavailable. */
            meta?: components["schemas"]["EventMeta"];
        };
        /**
         * WeekProgressLine
         * @description Progress of a run; without `seq` a heartbeat, at least every 5 s.
         */
        WeekProgressLine: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "progress";
            /**
             * Format: int64
             * @description Position in the event log, from 1; absent in events that are not stored.
             */
            seq?: number;
            /**
             * Format: uint32
             * @description Number of placements that are finished or failed.
             */
            completed: number;
            /**
             * Format: uint32
             * @description Number of planned placements.
             */
            total: number;
            stage?: components["schemas"]["WeekStage"];
            message?: string;
            /** @description Present while a dependency is unavailable. */
            meta?: components["schemas"]["EventMeta"];
        };
        /**
         * WeekResponse
         * @description A week whose run has ended (`Prefer: wait`).
         */
        WeekResponse: {
            /** @description Also the id of the job. */
            runId: string;
            brandProfileId: string;
            /** @description Monday of the week, `YYYY-MM-DD`. */
            weekStart: string;
            status: components["schemas"]["JobStatus"];
            /**
             * Format: int32
             * @description Number of planned placements; null if the run never started.
             */
            total: number | null;
            /**
             * Format: int32
             * @description Number of placements with an `error` event.
             */
            errors: number;
            /**
             * Format: int64
             * @description Milliseconds from the first start to the end.
             */
            latencyMs: number | null;
            /**
             * Format: int32
             * @description Input and output tokens.
             */
            tokens: number | null;
            /** Format: int32 */
            tokensInput: number | null;
            /** Format: int32 */
            tokensOutput: number | null;
            /**
             * Format: double
             * @description Cost in US dollars, if the provider reports it.
             */
            costUsd: number | null;
            /** @description Why the run did not succeed. */
            error: components["schemas"]["Failure"] | null;
            /** Format: date-time */
            createdAt: string;
            /** Format: date-time */
            finishedAt: string | null;
            run: components["schemas"]["WeekRun"];
            /** @description Saved placements, ordered by time. */
            placements: components["schemas"]["PlacementResponse"][];
        };
        /**
         * WeekRun
         * @description The run of a week.
         */
        WeekRun: {
            /** @description Also the id of the job. */
            id: string;
            status: components["schemas"]["JobStatus"];
            /**
             * Format: int32
             * @description Number of planned placements; null if the run never started.
             */
            total: number | null;
            /**
             * Format: int32
             * @description Number of generated placements.
             */
            placements: number;
            /**
             * Format: int32
             * @description Number of placements with an `error` event.
             */
            errors: number;
            /**
             * Format: int64
             * @description Milliseconds from the first start to the end.
             */
            latencyMs: number | null;
            /**
             * Format: int32
             * @description Input and output tokens.
             */
            tokens: number | null;
            /** Format: int32 */
            tokensInput: number | null;
            /** Format: int32 */
            tokensOutput: number | null;
            /**
             * Format: double
             * @description Cost in US dollars, if the provider reports it.
             */
            costUsd: number | null;
            /** @description The message of `error`. */
            message: string | null;
            /** @description Why the run did not succeed. */
            error: components["schemas"]["Failure"] | null;
            /** Format: date-time */
            createdAt: string;
            /** Format: date-time */
            finishedAt: string | null;
        };
        /**
         * @description How free slots of a week are filled: `beta-launch` is one post per platform and day, Monday to Friday.
         * @enum {string}
         */
        WeekSchedulePreset: "beta-launch";
        /**
         * WeekSnapshot
         * @description The data of a `snapshot`: the job with its placements.
         */
        WeekSnapshot: {
            /** @description Also the id of the run or generation. */
            id: string;
            kind: components["schemas"]["JobKind"];
            status: components["schemas"]["JobStatus"];
            /**
             * Format: int32
             * @description Number of retries so far.
             */
            attempt: number;
            /** Format: date-time */
            createdAt: string;
            /**
             * Format: date-time
             * @description Time of the first start.
             */
            startedAt: string | null;
            /** Format: date-time */
            finishedAt: string | null;
            progress: components["schemas"]["JobProgress"];
            /** @description Why the job failed or was cancelled. */
            error: components["schemas"]["Failure"] | null;
            subject: components["schemas"]["Subject"];
            urls: components["schemas"]["Urls"];
            /** @description The job that this one repeats. */
            retryOf?: string;
            placements: components["schemas"]["PlacementResponse"][];
        };
        /**
         * WeekSnapshotLine
         * @description The data of a `snapshot`: the job with its placements.
         */
        WeekSnapshotLine: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "snapshot";
            /**
             * Format: int64
             * @description Position in the event log, from 1; absent in events that are not stored.
             */
            seq?: number;
            /** @description Also the id of the run or generation. */
            id: string;
            kind: components["schemas"]["JobKind"];
            status: components["schemas"]["JobStatus"];
            /**
             * Format: int32
             * @description Number of retries so far.
             */
            attempt: number;
            /** Format: date-time */
            createdAt: string;
            /**
             * Format: date-time
             * @description Time of the first start.
             */
            startedAt: string | null;
            /** Format: date-time */
            finishedAt: string | null;
            progress: components["schemas"]["JobProgress"];
            /** @description Why the job failed or was cancelled. */
            error: components["schemas"]["Failure"] | null;
            subject: components["schemas"]["Subject"];
            urls: components["schemas"]["Urls"];
            /** @description The job that this one repeats. */
            retryOf?: string;
            placements: components["schemas"]["PlacementResponse"][];
        };
        /**
         * @description Stage of a week's run.
         * @enum {string}
         */
        WeekStage: "analyzing" | "drafting" | "matching" | "optimizing" | "finalizing";
        /**
         * YoutubeOptions
         * @description Options of YouTube videos.
         */
        YoutubeOptions: {
            /** @description `private` if absent. */
            privacyStatus?: components["schemas"]["YoutubePrivacyStatus"];
            /** @description Required here or in the account's settings. */
            madeForKids?: boolean;
            /** @description YouTube's number of a category. */
            categoryId?: string;
            /** @description Keywords instead of the hashtags. */
            tags?: string[];
            notifySubscribers?: boolean;
            /** @description Declares realistic content as altered or synthetic. */
            aiGenerated?: boolean;
        };
        /**
         * @description Who sees a YouTube video.
         * @enum {string}
         */
        YoutubePrivacyStatus: "private" | "public" | "unlisted";
    };
    responses: {
        /** @description The request does not match the schema. */
        BadRequest: {
            headers: {
                /** @description Id of the request: the one that it carried, or a new one. */
                "X-Request-Id": string;
                /** @description The code of the error. */
                "X-Error-Code": string;
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["ErrorEnvelope"];
            };
        };
        /** @description The request does not match the schema. */
        BadRequestWithLimit: {
            headers: {
                /** @description Requests and seconds of the limit. */
                "RateLimit-Policy"?: string;
                /** @description Remaining requests, and seconds until there is one more. */
                RateLimit?: string;
                /** @description Id of the request: the one that it carried, or a new one. */
                "X-Request-Id": string;
                /** @description The code of the error. */
                "X-Error-Code": string;
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["ErrorEnvelope"];
            };
        };
        /** @description Conflicts with the current state. */
        Conflict: {
            headers: {
                /** @description Id of the request: the one that it carried, or a new one. */
                "X-Request-Id": string;
                /** @description The code of the error. */
                "X-Error-Code": string;
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["ErrorEnvelope"];
            };
        };
        /** @description Conflicts with the current state. */
        ConflictWithLimit: {
            headers: {
                /** @description Requests and seconds of the limit. */
                "RateLimit-Policy"?: string;
                /** @description Remaining requests, and seconds until there is one more. */
                RateLimit?: string;
                /** @description Id of the request: the one that it carried, or a new one. */
                "X-Request-Id": string;
                /** @description The code of the error. */
                "X-Error-Code": string;
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["ErrorEnvelope"];
            };
        };
        /** @description The caller may not do this, the request needs `X-Requested-With` (`CSRF_REQUIRED`), or the caller is not the user in `X-Expected-User` (`OTHER_USER`). */
        Forbidden: {
            headers: {
                /** @description Id of the request: the one that it carried, or a new one. */
                "X-Request-Id": string;
                /** @description The code of the error. */
                "X-Error-Code": string;
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["ErrorEnvelope"];
            };
        };
        /** @description The caller may not do this, the request needs `X-Requested-With` (`CSRF_REQUIRED`), or the caller is not the user in `X-Expected-User` (`OTHER_USER`). */
        ForbiddenWithLimit: {
            headers: {
                /** @description Requests and seconds of the limit. */
                "RateLimit-Policy"?: string;
                /** @description Remaining requests, and seconds until there is one more. */
                RateLimit?: string;
                /** @description Id of the request: the one that it carried, or a new one. */
                "X-Request-Id": string;
                /** @description The code of the error. */
                "X-Error-Code": string;
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["ErrorEnvelope"];
            };
        };
        /** @description Internal error. */
        InternalServerError: {
            headers: {
                /** @description Id of the request: the one that it carried, or a new one. */
                "X-Request-Id": string;
                /** @description The code of the error. */
                "X-Error-Code": string;
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["ErrorEnvelope"];
            };
        };
        /** @description `Accept` names no media type of this operation. */
        NotAcceptable: {
            headers: {
                /** @description Id of the request: the one that it carried, or a new one. */
                "X-Request-Id": string;
                /** @description The code of the error. */
                "X-Error-Code": string;
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["ErrorEnvelope"];
            };
        };
        /** @description `Accept` names no media type of this operation. */
        NotAcceptableWithLimit: {
            headers: {
                /** @description Requests and seconds of the limit. */
                "RateLimit-Policy"?: string;
                /** @description Remaining requests, and seconds until there is one more. */
                RateLimit?: string;
                /** @description Id of the request: the one that it carried, or a new one. */
                "X-Request-Id": string;
                /** @description The code of the error. */
                "X-Error-Code": string;
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["ErrorEnvelope"];
            };
        };
        /** @description Missing, or not the caller's. */
        NotFound: {
            headers: {
                /** @description Id of the request: the one that it carried, or a new one. */
                "X-Request-Id": string;
                /** @description The code of the error. */
                "X-Error-Code": string;
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["ErrorEnvelope"];
            };
        };
        /** @description Missing, or not the caller's. */
        NotFoundWithLimit: {
            headers: {
                /** @description Requests and seconds of the limit. */
                "RateLimit-Policy"?: string;
                /** @description Remaining requests, and seconds until there is one more. */
                RateLimit?: string;
                /** @description Id of the request: the one that it carried, or a new one. */
                "X-Request-Id": string;
                /** @description The code of the error. */
                "X-Error-Code": string;
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["ErrorEnvelope"];
            };
        };
        /** @description The body is larger than 256 KiB. */
        PayloadTooLarge: {
            headers: {
                /** @description Id of the request: the one that it carried, or a new one. */
                "X-Request-Id": string;
                /** @description The code of the error. */
                "X-Error-Code": string;
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["ErrorEnvelope"];
            };
        };
        /** @description `If-Match` does not name the current version, or there is one although `If-None-Match` wants none. */
        PreconditionFailed: {
            headers: {
                /** @description Id of the request: the one that it carried, or a new one. */
                "X-Request-Id": string;
                /** @description The code of the error. */
                "X-Error-Code": string;
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["ErrorEnvelope"];
            };
        };
        /** @description The request head is larger than 16 KiB. The connection is closed. */
        RequestHeaderFieldsTooLarge: {
            headers: {
                [name: string]: unknown;
            };
            content?: never;
        };
        /** @description The body did not arrive within 30 s. */
        RequestTimeout: {
            headers: {
                /** @description Id of the request: the one that it carried, or a new one. */
                "X-Request-Id": string;
                /** @description The code of the error. */
                "X-Error-Code": string;
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["ErrorEnvelope"];
            };
        };
        /** @description Cannot be accepted now. */
        ServiceUnavailable: {
            headers: {
                /** @description Seconds before the next attempt. */
                "Retry-After": string;
                /** @description Id of the request: the one that it carried, or a new one. */
                "X-Request-Id": string;
                /** @description The code of the error. */
                "X-Error-Code": string;
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["ErrorEnvelope"];
            };
        };
        /** @description Cannot be accepted now. With `Location` it may have been: repeat the request with the same `Idempotency-Key`, if it had one, or look there. */
        ServiceUnavailableOrAccepted: {
            headers: {
                /** @description Seconds before the next attempt. */
                "Retry-After": string;
                /** @description The submitted job; of a request to publish, the plan. */
                Location?: string;
                /** @description Id of the request: the one that it carried, or a new one. */
                "X-Request-Id": string;
                /** @description The code of the error. */
                "X-Error-Code": string;
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["ErrorEnvelope"];
            };
        };
        /** @description Rate limited. */
        TooManyRequests: {
            headers: {
                /** @description Seconds before the next attempt. */
                "Retry-After": string;
                /** @description Requests and seconds of the limit. */
                "RateLimit-Policy"?: string;
                /** @description Remaining requests, and seconds until there is one more. */
                RateLimit?: string;
                /** @description Id of the request: the one that it carried, or a new one. */
                "X-Request-Id": string;
                /** @description The code of the error. */
                "X-Error-Code": string;
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["ErrorEnvelope"];
            };
        };
        /** @description No valid token. */
        Unauthorized: {
            headers: {
                /** @description The scheme of the token. */
                "WWW-Authenticate": string;
                /** @description Id of the request: the one that it carried, or a new one. */
                "X-Request-Id": string;
                /** @description The code of the error. */
                "X-Error-Code": string;
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["ErrorEnvelope"];
            };
        };
        /** @description Refused by a rule. */
        UnprocessableEntity: {
            headers: {
                /** @description Id of the request: the one that it carried, or a new one. */
                "X-Request-Id": string;
                /** @description The code of the error. */
                "X-Error-Code": string;
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["ErrorEnvelope"];
            };
        };
        /** @description Refused by a rule. */
        UnprocessableEntityWithLimit: {
            headers: {
                /** @description Requests and seconds of the limit. */
                "RateLimit-Policy"?: string;
                /** @description Remaining requests, and seconds until there is one more. */
                RateLimit?: string;
                /** @description Id of the request: the one that it carried, or a new one. */
                "X-Request-Id": string;
                /** @description The code of the error. */
                "X-Error-Code": string;
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["ErrorEnvelope"];
            };
        };
        /** @description The body is not JSON. */
        UnsupportedMediaType: {
            headers: {
                /** @description Id of the request: the one that it carried, or a new one. */
                "X-Request-Id": string;
                /** @description The code of the error. */
                "X-Error-Code": string;
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["ErrorEnvelope"];
            };
        };
        /** @description The body is not JSON. */
        UnsupportedMediaTypeWithLimit: {
            headers: {
                /** @description Requests and seconds of the limit. */
                "RateLimit-Policy"?: string;
                /** @description Remaining requests, and seconds until there is one more. */
                RateLimit?: string;
                /** @description Id of the request: the one that it carried, or a new one. */
                "X-Request-Id": string;
                /** @description The code of the error. */
                "X-Error-Code": string;
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["ErrorEnvelope"];
            };
        };
    };
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    listGenerations: {
        parameters: {
            query?: {
                /** @description Number of items of a page; 50 if absent. */
                limit?: number;
                /** @description `nextCursor` of the previous page. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["GenerationPage"];
                        /** @description Always null. */
                        error: unknown;
                        meta: components["schemas"]["Meta"];
                    };
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    createGeneration: {
        parameters: {
            query?: never;
            header?: {
                /** @description Repeats the stored answer if a request with this key and the same body was accepted within 24 h. */
                "Idempotency-Key"?: string;
                /** @description `wait=n` waits up to n seconds (at most 60) for the result and answers 200 instead of 202. */
                Prefer?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateAIGenerationCommand"];
            };
        };
        responses: {
            /** @description The events of the job as a stream, or the finished generation (`Prefer: wait`). */
            200: {
                headers: {
                    /** @description The submitted job; of a request to publish, the plan. */
                    Location: string;
                    /** @description `true` if an earlier request with the same `Idempotency-Key` stored the answer. */
                    "Idempotency-Replayed"?: string;
                    /** @description Requests and seconds of the limit. */
                    "RateLimit-Policy": string;
                    /** @description Remaining requests, and seconds until there is one more. */
                    RateLimit: string;
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["AIGenerationDTO"];
                        /** @description Always null. */
                        error: unknown;
                        meta: components["schemas"]["Meta"];
                    };
                    "text/event-stream": components["schemas"]["GenerationFrame"];
                    "application/x-ndjson": components["schemas"]["GenerationLine"];
                };
            };
            /** @description Accepted. A worker does the work. */
            202: {
                headers: {
                    /** @description The submitted job; of a request to publish, the plan. */
                    Location: string;
                    /** @description `true` if an earlier request with the same `Idempotency-Key` stored the answer. */
                    "Idempotency-Replayed"?: string;
                    /** @description Requests and seconds of the limit. */
                    "RateLimit-Policy": string;
                    /** @description Remaining requests, and seconds until there is one more. */
                    RateLimit: string;
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["CreateAIGenerationAcceptedDTO"];
                        /** @description Always null. */
                        error: unknown;
                        meta: components["schemas"]["Meta"];
                    };
                };
            };
            400: components["responses"]["BadRequestWithLimit"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["ForbiddenWithLimit"];
            406: components["responses"]["NotAcceptableWithLimit"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["ConflictWithLimit"];
            413: components["responses"]["PayloadTooLarge"];
            415: components["responses"]["UnsupportedMediaTypeWithLimit"];
            422: components["responses"]["UnprocessableEntityWithLimit"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailableOrAccepted"];
        };
    };
    showGeneration: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["AIGenerationDTO"];
                        /** @description Always null. */
                        error: unknown;
                        meta: components["schemas"]["Meta"];
                    };
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    deleteGeneration: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Deleted. */
            204: {
                headers: {
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["Conflict"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    listSuggestions: {
        parameters: {
            query?: {
                /** @description Number of items of a page; 50 if absent. */
                limit?: number;
                /** @description `nextCursor` of the previous page. */
                cursor?: string;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["SuggestionPage"];
                        /** @description Always null. */
                        error: unknown;
                        meta: components["schemas"]["Meta"];
                    };
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    updateSuggestion: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SidesPatch"];
            };
        };
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["Suggestion"];
                        /** @description Always null. */
                        error: unknown;
                        meta: components["schemas"]["Meta"];
                    };
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["PayloadTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    acceptSuggestions: {
        parameters: {
            query?: never;
            header?: {
                /** @description Repeats the stored answer if a request with this key and the same body was accepted within 24 h. */
                "Idempotency-Key"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["SuggestionChoice"];
            };
        };
        responses: {
            /** @description The cards, also those of an earlier accept. */
            200: {
                headers: {
                    /** @description `true` if an earlier request with the same `Idempotency-Key` stored the answer. */
                    "Idempotency-Replayed"?: string;
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["AcceptedCards"];
                        /** @description Always null. */
                        error: unknown;
                        meta: components["schemas"]["Meta"];
                    };
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["PayloadTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    rejectSuggestions: {
        parameters: {
            query?: never;
            header?: {
                /** @description Repeats the stored answer if a request with this key and the same body was accepted within 24 h. */
                "Idempotency-Key"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["SuggestionChoice"];
            };
        };
        responses: {
            /** @description The rejected suggestions. */
            200: {
                headers: {
                    /** @description `true` if an earlier request with the same `Idempotency-Key` stored the answer. */
                    "Idempotency-Replayed"?: string;
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["RejectedSuggestions"];
                        /** @description Always null. */
                        error: unknown;
                        meta: components["schemas"]["Meta"];
                    };
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["PayloadTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    listCards: {
        parameters: {
            query?: {
                /** @description Number of items of a page; 50 if absent. */
                limit?: number;
                /** @description `nextCursor` of the previous page. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["CardPage"];
                        /** @description Always null. */
                        error: unknown;
                        meta: components["schemas"]["Meta"];
                    };
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    exportCards: {
        parameters: {
            query?: {
                /** @description `json` if absent. */
                format?: components["schemas"]["CardFileFormat"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The file. */
            200: {
                headers: {
                    /** @description Name of the file. */
                    "Content-Disposition": string;
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, never>[];
                    "text/csv": string;
                    "text/plain": string;
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    showCard: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["Card"];
                        /** @description Always null. */
                        error: unknown;
                        meta: components["schemas"]["Meta"];
                    };
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    deleteCard: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Deleted. */
            204: {
                headers: {
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    updateCard: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SidesPatch"];
            };
        };
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["Card"];
                        /** @description Always null. */
                        error: unknown;
                        meta: components["schemas"]["Meta"];
                    };
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            413: components["responses"]["PayloadTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    createCalendar: {
        parameters: {
            query?: never;
            header?: {
                /** @description Repeats the stored answer if a request with this key and the same body was accepted within 24 h. */
                "Idempotency-Key"?: string;
                /** @description `wait=n` waits up to n seconds (at most 60) for the result and answers 200 instead of 202. */
                Prefer?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateCalendar"];
            };
        };
        responses: {
            /** @description The events of the job as a stream, the finished calendar (`Prefer: wait`), or a dry run. */
            200: {
                headers: {
                    /** @description The submitted job; of a request to publish, the plan. */
                    Location?: string;
                    /** @description `true` if an earlier request with the same `Idempotency-Key` stored the answer. */
                    "Idempotency-Replayed"?: string;
                    /** @description Requests and seconds of the limit. */
                    "RateLimit-Policy"?: string;
                    /** @description Remaining requests, and seconds until there is one more. */
                    RateLimit?: string;
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["CalendarWaited"];
                        /** @description Always null. */
                        error: unknown;
                        meta: components["schemas"]["Meta"];
                    } | {
                        data: components["schemas"]["DryRunResponse"];
                        /** @description Always null. */
                        error: unknown;
                        meta: components["schemas"]["Meta"];
                    };
                    "text/event-stream": components["schemas"]["CalendarFrame"];
                    "application/x-ndjson": components["schemas"]["CalendarLine"];
                };
            };
            /** @description Accepted. A worker does the work. */
            202: {
                headers: {
                    /** @description The submitted job; of a request to publish, the plan. */
                    Location: string;
                    /** @description `true` if an earlier request with the same `Idempotency-Key` stored the answer. */
                    "Idempotency-Replayed"?: string;
                    /** @description Requests and seconds of the limit. */
                    "RateLimit-Policy": string;
                    /** @description Remaining requests, and seconds until there is one more. */
                    RateLimit: string;
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["RunAccepted"];
                        /** @description Always null. */
                        error: unknown;
                        meta: components["schemas"]["Meta"];
                    };
                };
            };
            400: components["responses"]["BadRequestWithLimit"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["ForbiddenWithLimit"];
            404: components["responses"]["NotFoundWithLimit"];
            406: components["responses"]["NotAcceptableWithLimit"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["ConflictWithLimit"];
            413: components["responses"]["PayloadTooLarge"];
            415: components["responses"]["UnsupportedMediaTypeWithLimit"];
            422: components["responses"]["UnprocessableEntityWithLimit"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailableOrAccepted"];
        };
    };
    listCalendars: {
        parameters: {
            query?: {
                /** @description Number of items of a page; 50 if absent. */
                limit?: number;
                /** @description `nextCursor` of the previous page. */
                cursor?: string;
                /** @description `true` lists calendars that never had an entry, too. */
                empty?: boolean;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["CalendarPage"];
                        /** @description Always null. */
                        error: unknown;
                        meta: components["schemas"]["Meta"];
                    };
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    showCalendar: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["CalendarWithEntries"];
                        /** @description Always null. */
                        error: unknown;
                        meta: components["schemas"]["Meta"];
                    };
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    deleteCalendar: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Deleted. */
            204: {
                headers: {
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["Conflict"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    updateCalendar: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CalendarPatch"];
            };
        };
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["CalendarResponse"];
                        /** @description Always null. */
                        error: unknown;
                        meta: components["schemas"]["Meta"];
                    };
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            413: components["responses"]["PayloadTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    exportCalendar: {
        parameters: {
            query?: {
                /** @description `json` if absent. */
                format?: components["schemas"]["CalendarFileFormat"];
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The file. */
            200: {
                headers: {
                    /** @description Name of the file. */
                    "Content-Disposition": string;
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, never>[];
                    "text/csv": string;
                    "text/calendar": string;
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    addEntry: {
        parameters: {
            query?: never;
            header?: {
                /** @description Repeats the stored answer if a request with this key and the same body was accepted within 24 h. */
                "Idempotency-Key"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewEntry"];
            };
        };
        responses: {
            /** @description The saved entry. */
            201: {
                headers: {
                    /** @description `true` if an earlier request with the same `Idempotency-Key` stored the answer. */
                    "Idempotency-Replayed"?: string;
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["EntryResponse"];
                        /** @description Always null. */
                        error: unknown;
                        meta: components["schemas"]["Meta"];
                    };
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["PayloadTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    deleteEntry: {
        parameters: {
            query?: never;
            header?: {
                /** @description The expected `version` in quotes; any version if absent. */
                "If-Match"?: string;
            };
            path: {
                id: string;
                entry: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Deleted. */
            204: {
                headers: {
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            412: components["responses"]["PreconditionFailed"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    updateEntry: {
        parameters: {
            query?: never;
            header?: {
                /** @description The expected `version` in quotes; any version if absent. */
                "If-Match"?: string;
            };
            path: {
                id: string;
                entry: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["EntryPatch"];
            };
        };
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["EntryResponse"];
                        /** @description Always null. */
                        error: unknown;
                        meta: components["schemas"]["Meta"];
                    };
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            412: components["responses"]["PreconditionFailed"];
            413: components["responses"]["PayloadTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    listRuns: {
        parameters: {
            query?: {
                /** @description Number of items of a page; 50 if absent. */
                limit?: number;
                /** @description `nextCursor` of the previous page. */
                cursor?: string;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["RunPage"];
                        /** @description Always null. */
                        error: unknown;
                        meta: components["schemas"]["Meta"];
                    };
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    showRun: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
                run: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["RunResponse"];
                        /** @description Always null. */
                        error: unknown;
                        meta: components["schemas"]["Meta"];
                    };
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    diffRun: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
                run: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["DiffResponse"];
                        /** @description Always null. */
                        error: unknown;
                        meta: components["schemas"]["Meta"];
                    };
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    acceptRun: {
        parameters: {
            query?: never;
            header?: {
                /** @description Repeats the stored answer if a request with this key and the same body was accepted within 24 h. */
                "Idempotency-Key"?: string;
            };
            path: {
                id: string;
                run: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["AcceptChoice"];
            };
        };
        responses: {
            /** @description The saved entries after the accept, and what was skipped. */
            200: {
                headers: {
                    /** @description `true` if an earlier request with the same `Idempotency-Key` stored the answer. */
                    "Idempotency-Replayed"?: string;
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["AcceptDone"];
                        /** @description Always null. */
                        error: unknown;
                        meta: components["schemas"]["Meta"];
                    };
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["PayloadTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    listBrands: {
        parameters: {
            query?: {
                /** @description Number of items of a page; 50 if absent. */
                limit?: number;
                /** @description `nextCursor` of the previous page. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["BrandPage"];
                        /** @description Always null. */
                        error: unknown;
                        meta: components["schemas"]["Meta"];
                    };
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    createBrand: {
        parameters: {
            query?: never;
            header?: {
                /** @description Repeats the stored answer if a request with this key and the same body was accepted within 24 h. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateBrand"];
            };
        };
        responses: {
            /** @description The new brand. */
            201: {
                headers: {
                    /** @description `true` if an earlier request with the same `Idempotency-Key` stored the answer. */
                    "Idempotency-Replayed"?: string;
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["BrandResponse"];
                        /** @description Always null. */
                        error: unknown;
                        meta: components["schemas"]["Meta"];
                    };
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["PayloadTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    showBrand: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["BrandResponse"];
                        /** @description Always null. */
                        error: unknown;
                        meta: components["schemas"]["Meta"];
                    };
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    deleteBrand: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Deleted. */
            204: {
                headers: {
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    updateBrand: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["BrandPatch"];
            };
        };
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["BrandResponse"];
                        /** @description Always null. */
                        error: unknown;
                        meta: components["schemas"]["Meta"];
                    };
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            413: components["responses"]["PayloadTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    importBrand: {
        parameters: {
            query?: never;
            header?: {
                /** @description Repeats the stored answer if a request with this key and the same body was accepted within 24 h. */
                "Idempotency-Key"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["BrandImport"];
            };
        };
        responses: {
            /** @description Number of imported items. */
            200: {
                headers: {
                    /** @description `true` if an earlier request with the same `Idempotency-Key` stored the answer. */
                    "Idempotency-Replayed"?: string;
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["BrandImported"];
                        /** @description Always null. */
                        error: unknown;
                        meta: components["schemas"]["Meta"];
                    };
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["PayloadTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    listPlatformAccounts: {
        parameters: {
            query?: {
                /** @description Number of items of a page; 50 if absent. */
                limit?: number;
                /** @description `nextCursor` of the previous page. */
                cursor?: string;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["AccountPage"];
                        /** @description Always null. */
                        error: unknown;
                        meta: components["schemas"]["Meta"];
                    };
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    createPlatformAccount: {
        parameters: {
            query?: never;
            header?: {
                /** @description Repeats the stored answer if a request with this key and the same body was accepted within 24 h. */
                "Idempotency-Key"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateAccount"];
            };
        };
        responses: {
            /** @description The new account. */
            201: {
                headers: {
                    /** @description `true` if an earlier request with the same `Idempotency-Key` stored the answer. */
                    "Idempotency-Replayed"?: string;
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["AccountResponse"];
                        /** @description Always null. */
                        error: unknown;
                        meta: components["schemas"]["Meta"];
                    };
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["PayloadTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    showPlatformAccount: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
                account: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["AccountResponse"];
                        /** @description Always null. */
                        error: unknown;
                        meta: components["schemas"]["Meta"];
                    };
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    deletePlatformAccount: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
                account: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Deleted. */
            204: {
                headers: {
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    updatePlatformAccount: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
                account: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AccountPatch"];
            };
        };
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["AccountResponse"];
                        /** @description Always null. */
                        error: unknown;
                        meta: components["schemas"]["Meta"];
                    };
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            413: components["responses"]["PayloadTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    listTrends: {
        parameters: {
            query?: {
                /** @description Number of items of a page; 50 if absent. */
                limit?: number;
                /** @description `nextCursor` of the previous page. */
                cursor?: string;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["TrendPage"];
                        /** @description Always null. */
                        error: unknown;
                        meta: components["schemas"]["Meta"];
                    };
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    createTrend: {
        parameters: {
            query?: never;
            header?: {
                /** @description Repeats the stored answer if a request with this key and the same body was accepted within 24 h. */
                "Idempotency-Key"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateTrend"];
            };
        };
        responses: {
            /** @description The new trend. */
            201: {
                headers: {
                    /** @description `true` if an earlier request with the same `Idempotency-Key` stored the answer. */
                    "Idempotency-Replayed"?: string;
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["TrendResponse"];
                        /** @description Always null. */
                        error: unknown;
                        meta: components["schemas"]["Meta"];
                    };
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["PayloadTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    showTrend: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
                trend: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["TrendResponse"];
                        /** @description Always null. */
                        error: unknown;
                        meta: components["schemas"]["Meta"];
                    };
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    deleteTrend: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
                trend: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Deleted. */
            204: {
                headers: {
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    updateTrend: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
                trend: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["TrendPatch"];
            };
        };
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["TrendResponse"];
                        /** @description Always null. */
                        error: unknown;
                        meta: components["schemas"]["Meta"];
                    };
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            413: components["responses"]["PayloadTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    listAssets: {
        parameters: {
            query?: {
                /** @description Number of items of a page; 50 if absent. */
                limit?: number;
                /** @description `nextCursor` of the previous page. */
                cursor?: string;
                /** @description Only assets with exactly this tag. */
                tag?: string;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["AssetPage"];
                        /** @description Always null. */
                        error: unknown;
                        meta: components["schemas"]["Meta"];
                    };
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    createAsset: {
        parameters: {
            query?: never;
            header?: {
                /** @description Repeats the stored answer if a request with this key and the same body was accepted within 24 h. */
                "Idempotency-Key"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateAsset"];
            };
        };
        responses: {
            /** @description The new asset. */
            201: {
                headers: {
                    /** @description `true` if an earlier request with the same `Idempotency-Key` stored the answer. */
                    "Idempotency-Replayed"?: string;
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["AssetResponse"];
                        /** @description Always null. */
                        error: unknown;
                        meta: components["schemas"]["Meta"];
                    };
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["PayloadTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    showAsset: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
                asset: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["AssetResponse"];
                        /** @description Always null. */
                        error: unknown;
                        meta: components["schemas"]["Meta"];
                    };
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    deleteAsset: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
                asset: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Deleted. */
            204: {
                headers: {
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    updateAsset: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
                asset: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AssetPatch"];
            };
        };
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["AssetResponse"];
                        /** @description Always null. */
                        error: unknown;
                        meta: components["schemas"]["Meta"];
                    };
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            413: components["responses"]["PayloadTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    generateWeek: {
        parameters: {
            query?: never;
            header?: {
                /** @description Repeats the stored answer if a request with this key and the same body was accepted within 24 h. */
                "Idempotency-Key"?: string;
                /** @description `wait=n` waits up to n seconds (at most 60) for the result and answers 200 instead of 202. */
                Prefer?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["GenerateWeek"];
            };
        };
        responses: {
            /** @description The events of the job as a stream, or the finished week (`Prefer: wait`). */
            200: {
                headers: {
                    /** @description The submitted job; of a request to publish, the plan. */
                    Location: string;
                    /** @description `true` if an earlier request with the same `Idempotency-Key` stored the answer. */
                    "Idempotency-Replayed"?: string;
                    /** @description Requests and seconds of the limit. */
                    "RateLimit-Policy": string;
                    /** @description Remaining requests, and seconds until there is one more. */
                    RateLimit: string;
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/x-ndjson": components["schemas"]["WeekLine"];
                    "text/event-stream": components["schemas"]["WeekFrame"];
                    "application/json": {
                        data: components["schemas"]["WeekResponse"];
                        /** @description Always null. */
                        error: unknown;
                        meta: components["schemas"]["Meta"];
                    };
                };
            };
            /** @description Accepted. A worker does the work. */
            202: {
                headers: {
                    /** @description The submitted job; of a request to publish, the plan. */
                    Location: string;
                    /** @description `true` if an earlier request with the same `Idempotency-Key` stored the answer. */
                    "Idempotency-Replayed"?: string;
                    /** @description Requests and seconds of the limit. */
                    "RateLimit-Policy": string;
                    /** @description Remaining requests, and seconds until there is one more. */
                    RateLimit: string;
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["WeekAccepted"];
                        /** @description Always null. */
                        error: unknown;
                        meta: components["schemas"]["Meta"];
                    };
                };
            };
            400: components["responses"]["BadRequestWithLimit"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["ForbiddenWithLimit"];
            404: components["responses"]["NotFoundWithLimit"];
            406: components["responses"]["NotAcceptableWithLimit"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["ConflictWithLimit"];
            413: components["responses"]["PayloadTooLarge"];
            415: components["responses"]["UnsupportedMediaTypeWithLimit"];
            422: components["responses"]["UnprocessableEntityWithLimit"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailableOrAccepted"];
        };
    };
    listPlacements: {
        parameters: {
            query?: {
                /** @description Only placements of the week that begins on this Monday, `YYYY-MM-DD`. */
                weekStart?: string;
                /** @description Number of items of a page; 50 if absent. */
                limit?: number;
                /** @description `nextCursor` of the previous page. */
                cursor?: string;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["PlacementPage"];
                        /** @description Always null. */
                        error: unknown;
                        meta: components["schemas"]["Meta"];
                    };
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    deletePlacement: {
        parameters: {
            query?: never;
            header?: {
                /** @description The expected `version` in quotes; any version if absent. */
                "If-Match"?: string;
            };
            path: {
                id: string;
                placement: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Deleted. */
            204: {
                headers: {
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            412: components["responses"]["PreconditionFailed"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    updatePlacement: {
        parameters: {
            query?: never;
            header?: {
                /** @description The expected `version` in quotes; any version if absent. */
                "If-Match"?: string;
            };
            path: {
                id: string;
                placement: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PlacementPatch"];
            };
        };
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["PlacementResponse"];
                        /** @description Always null. */
                        error: unknown;
                        meta: components["schemas"]["Meta"];
                    };
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            412: components["responses"]["PreconditionFailed"];
            413: components["responses"]["PayloadTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    listChannels: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["ChannelList"];
                        /** @description Always null. */
                        error: unknown;
                        meta: components["schemas"]["Meta"];
                    };
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    showConnectedAccount: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                channel: components["schemas"]["PublishChannel"];
                account: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["ConnectedAccountResponse"];
                        /** @description Always null. */
                        error: unknown;
                        meta: components["schemas"]["Meta"];
                    };
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    connectAccount: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                channel: components["schemas"]["PublishChannel"];
                account: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ConnectAccount"];
            };
        };
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["ConnectedAccountResponse"];
                        /** @description Always null. */
                        error: unknown;
                        meta: components["schemas"]["Meta"];
                    };
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            413: components["responses"]["PayloadTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    disconnectAccount: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                channel: components["schemas"]["PublishChannel"];
                account: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Deleted. */
            204: {
                headers: {
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    publish: {
        parameters: {
            query?: never;
            header?: {
                /** @description Repeats the stored answer if a request with this key and the same body was accepted within 24 h. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PublishCommand"];
            };
        };
        responses: {
            /** @description A dry run: what would be published. Nothing is stored. */
            200: {
                headers: {
                    /** @description Requests and seconds of the limit. */
                    "RateLimit-Policy": string;
                    /** @description Remaining requests, and seconds until there is one more. */
                    RateLimit: string;
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["PublishDryRun"];
                        /** @description Always null. */
                        error: unknown;
                        meta: components["schemas"]["Meta"];
                    };
                };
            };
            /**
             * @description Accepted: workers publish the intents. With `status: "deferred"` the request is kept on disk, because Postgres
             *     cannot be reached; there is no `Location` then.
             */
            202: {
                headers: {
                    /** @description The submitted job; of a request to publish, the plan. */
                    Location?: string;
                    /** @description `true` if an earlier request with the same `Idempotency-Key` stored the answer. */
                    "Idempotency-Replayed"?: string;
                    /** @description Requests and seconds of the limit. */
                    "RateLimit-Policy"?: string;
                    /** @description Remaining requests, and seconds until there is one more. */
                    RateLimit?: string;
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["PublishAccepted"];
                        /** @description Always null. */
                        error: unknown;
                        meta: components["schemas"]["Meta"];
                    };
                };
            };
            400: components["responses"]["BadRequestWithLimit"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["ForbiddenWithLimit"];
            404: components["responses"]["NotFoundWithLimit"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["ConflictWithLimit"];
            413: components["responses"]["PayloadTooLarge"];
            415: components["responses"]["UnsupportedMediaTypeWithLimit"];
            422: components["responses"]["UnprocessableEntityWithLimit"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailableOrAccepted"];
        };
    };
    showPlan: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["PlanResponse"];
                        /** @description Always null. */
                        error: unknown;
                        meta: components["schemas"]["Meta"];
                    };
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    followPlan: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The intents as they stand, then their changes. */
            200: {
                headers: {
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": components["schemas"]["PlanFrame"];
                    "application/x-ndjson": components["schemas"]["PlanLine"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            406: components["responses"]["NotAcceptable"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    listIntents: {
        parameters: {
            query?: {
                /** @description Only entries of this calendar. */
                calendarId?: string;
                /** @description Only intents with this status. */
                status?: components["schemas"]["IntentStatus"];
                /** @description Number of items of a page; 50 if absent. */
                limit?: number;
                /** @description `nextCursor` of the previous page. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["IntentPage"];
                        /** @description Always null. */
                        error: unknown;
                        meta: components["schemas"]["Meta"];
                    };
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    showIntent: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["IntentResponse"];
                        /** @description Always null. */
                        error: unknown;
                        meta: components["schemas"]["Meta"];
                    };
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    cancelIntent: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Cancellation was requested. */
            202: {
                headers: {
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["IntentCancelling"];
                        /** @description Always null. */
                        error: unknown;
                        meta: components["schemas"]["Meta"];
                    };
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["Conflict"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    retryIntent: {
        parameters: {
            query?: never;
            header?: {
                /** @description Repeats the stored answer if a request with this key and the same body was accepted within 24 h. */
                "Idempotency-Key"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["NoOptions"];
            };
        };
        responses: {
            /** @description Accepted: a new job of the same intent. */
            202: {
                headers: {
                    /** @description The submitted job; of a request to publish, the plan. */
                    Location?: string;
                    /** @description `true` if an earlier request with the same `Idempotency-Key` stored the answer. */
                    "Idempotency-Replayed"?: string;
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["IntentResponse"];
                        /** @description Always null. */
                        error: unknown;
                        meta: components["schemas"]["Meta"];
                    };
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["PayloadTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    resolveIntent: {
        parameters: {
            query?: never;
            header?: {
                /** @description Repeats the stored answer if a request with this key and the same body was accepted within 24 h. */
                "Idempotency-Key"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ResolveCommand"];
            };
        };
        responses: {
            /** @description The intent after its review. */
            200: {
                headers: {
                    /** @description `true` if an earlier request with the same `Idempotency-Key` stored the answer. */
                    "Idempotency-Replayed"?: string;
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["IntentResponse"];
                        /** @description Always null. */
                        error: unknown;
                        meta: components["schemas"]["Meta"];
                    };
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["PayloadTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    showReceipt: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["ReceiptResponse"];
                        /** @description Always null. */
                        error: unknown;
                        meta: components["schemas"]["Meta"];
                    };
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    exportReceipts: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One receipt a line, each in canonical JSON, then `{"count": n, "head": "…"}`. */
            200: {
                headers: {
                    /** @description Name of the file. */
                    "Content-Disposition": string;
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/x-ndjson": string;
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    exportForPublishing: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ExportCommand"];
            };
        };
        responses: {
            /** @description The file. */
            200: {
                headers: {
                    /** @description Name of the file. */
                    "Content-Disposition": string;
                    /** @description `true` while `PUBLISH_SERVICE_ENABLED` is off for the caller. */
                    "X-Dry-Run"?: string;
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, never>[];
                    "text/csv": string;
                    "text/calendar": string;
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            413: components["responses"]["PayloadTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    listThemes: {
        parameters: {
            query?: {
                /** @description Number of items of a page; 50 if absent. */
                limit?: number;
                /** @description `nextCursor` of the previous page. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["ThemePage"];
                        /** @description Always null. */
                        error: unknown;
                        meta: components["schemas"]["Meta"];
                    };
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    createTheme: {
        parameters: {
            query?: never;
            header?: {
                /** @description Repeats the stored answer if a request with this key and the same body was accepted within 24 h. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateTheme"];
            };
        };
        responses: {
            /** @description The new theme. */
            201: {
                headers: {
                    /** @description `true` if an earlier request with the same `Idempotency-Key` stored the answer. */
                    "Idempotency-Replayed"?: string;
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["Theme"];
                        /** @description Always null. */
                        error: unknown;
                        meta: components["schemas"]["Meta"];
                    };
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["PayloadTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    showTheme: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["Theme"];
                        /** @description Always null. */
                        error: unknown;
                        meta: components["schemas"]["Meta"];
                    };
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    deleteTheme: {
        parameters: {
            query?: never;
            header?: {
                /** @description The expected `version` in quotes; any version if absent. */
                "If-Match"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Deleted. */
            204: {
                headers: {
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["Conflict"];
            412: components["responses"]["PreconditionFailed"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    updateTheme: {
        parameters: {
            query?: never;
            header?: {
                /** @description The expected `version` in quotes; any version if absent. */
                "If-Match"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ThemePatch"];
            };
        };
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["Theme"];
                        /** @description Always null. */
                        error: unknown;
                        meta: components["schemas"]["Meta"];
                    };
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            412: components["responses"]["PreconditionFailed"];
            413: components["responses"]["PayloadTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    listSources: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["ThemeSourceList"];
                        /** @description Always null. */
                        error: unknown;
                        meta: components["schemas"]["Meta"];
                    };
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    showSchedule: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["ScheduleResponse"] | null;
                        /** @description Always null. */
                        error: unknown;
                        meta: components["schemas"]["Meta"];
                    };
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    saveSchedule: {
        parameters: {
            query?: never;
            header?: {
                /** @description `*`: the theme must have no schedule. A tag means the same. */
                "If-None-Match"?: string;
                /** @description The expected `version` in quotes; any version if absent. */
                "If-Match"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["UpsertScheduleRequest"];
            };
        };
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["ScheduleResponse"];
                        /** @description Always null. */
                        error: unknown;
                        meta: components["schemas"]["Meta"];
                    };
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            412: components["responses"]["PreconditionFailed"];
            413: components["responses"]["PayloadTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    deleteSchedule: {
        parameters: {
            query?: never;
            header?: {
                /** @description The expected `version` in quotes; any version if absent. */
                "If-Match"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Deleted. */
            204: {
                headers: {
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            412: components["responses"]["PreconditionFailed"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    previewSchedule: {
        parameters: {
            query?: {
                /** @description Beginning; now if absent. */
                from?: string;
                /** @description End; 35 days after the beginning if absent. */
                to?: string;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["SchedulePreview"];
                        /** @description Always null. */
                        error: unknown;
                        meta: components["schemas"]["Meta"];
                    };
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    listDecisions: {
        parameters: {
            query?: {
                /** @description Number of items of a page; 50 if absent. */
                limit?: number;
                /** @description `nextCursor` of the previous page. */
                cursor?: string;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["ScheduleDecisionPage"];
                        /** @description Always null. */
                        error: unknown;
                        meta: components["schemas"]["Meta"];
                    };
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    sendTestMail: {
        parameters: {
            query?: never;
            header?: {
                /** @description Repeats the stored answer if a request with this key and the same body was accepted within 24 h. */
                "Idempotency-Key"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["NoSettings"];
            };
        };
        responses: {
            /** @description Accepted. A worker sends it. */
            202: {
                headers: {
                    /** @description The submitted job; of a request to publish, the plan. */
                    Location: string;
                    /** @description `true` if an earlier request with the same `Idempotency-Key` stored the answer. */
                    "Idempotency-Replayed"?: string;
                    /** @description Requests and seconds of the limit. */
                    "RateLimit-Policy": string;
                    /** @description Remaining requests, and seconds until there is one more. */
                    RateLimit: string;
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["SynthesisAccepted"];
                        /** @description Always null. */
                        error: unknown;
                        meta: components["schemas"]["Meta"];
                    };
                };
            };
            400: components["responses"]["BadRequestWithLimit"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["ForbiddenWithLimit"];
            404: components["responses"]["NotFoundWithLimit"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["ConflictWithLimit"];
            413: components["responses"]["PayloadTooLarge"];
            415: components["responses"]["UnsupportedMediaTypeWithLimit"];
            422: components["responses"]["UnprocessableEntityWithLimit"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailableOrAccepted"];
        };
    };
    listSyntheses: {
        parameters: {
            query?: {
                /** @description Number of items of a page; 50 if absent. */
                limit?: number;
                /** @description `nextCursor` of the previous page. */
                cursor?: string;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["SynthesisPage"];
                        /** @description Always null. */
                        error: unknown;
                        meta: components["schemas"]["Meta"];
                    };
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    createSynthesis: {
        parameters: {
            query?: never;
            header?: {
                /** @description Repeats the stored answer if a request with this key and the same body was accepted within 24 h. */
                "Idempotency-Key"?: string;
                /** @description `wait=n` waits up to n seconds (at most 60) for the result and answers 200 instead of 202. */
                Prefer?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["NoSettings"];
            };
        };
        responses: {
            /** @description The events of the job as a stream, or the finished synthesis (`Prefer: wait`). */
            200: {
                headers: {
                    /** @description The submitted job; of a request to publish, the plan. */
                    Location: string;
                    /** @description `true` if an earlier request with the same `Idempotency-Key` stored the answer. */
                    "Idempotency-Replayed"?: string;
                    /** @description Requests and seconds of the limit. */
                    "RateLimit-Policy": string;
                    /** @description Remaining requests, and seconds until there is one more. */
                    RateLimit: string;
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["Synthesis"];
                        /** @description Always null. */
                        error: unknown;
                        meta: components["schemas"]["Meta"];
                    };
                    "text/event-stream": components["schemas"]["SynthesisFrame"];
                    "application/x-ndjson": components["schemas"]["SynthesisLine"];
                };
            };
            /** @description Accepted. A worker does the work. */
            202: {
                headers: {
                    /** @description The submitted job; of a request to publish, the plan. */
                    Location: string;
                    /** @description `true` if an earlier request with the same `Idempotency-Key` stored the answer. */
                    "Idempotency-Replayed"?: string;
                    /** @description Requests and seconds of the limit. */
                    "RateLimit-Policy": string;
                    /** @description Remaining requests, and seconds until there is one more. */
                    RateLimit: string;
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["SynthesisAccepted"];
                        /** @description Always null. */
                        error: unknown;
                        meta: components["schemas"]["Meta"];
                    };
                };
            };
            400: components["responses"]["BadRequestWithLimit"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["ForbiddenWithLimit"];
            404: components["responses"]["NotFoundWithLimit"];
            406: components["responses"]["NotAcceptableWithLimit"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["ConflictWithLimit"];
            413: components["responses"]["PayloadTooLarge"];
            415: components["responses"]["UnsupportedMediaTypeWithLimit"];
            422: components["responses"]["UnprocessableEntityWithLimit"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailableOrAccepted"];
        };
    };
    showSynthesis: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["Synthesis"];
                        /** @description Always null. */
                        error: unknown;
                        meta: components["schemas"]["Meta"];
                    };
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    showSynthesisPage: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The page. */
            200: {
                headers: {
                    /** @description No script, no frame, nothing from elsewhere. */
                    "Content-Security-Policy": string;
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "text/html": string;
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    listDeliveries: {
        parameters: {
            query?: {
                /** @description Number of items of a page; 50 if absent. */
                limit?: number;
                /** @description `nextCursor` of the previous page. */
                cursor?: string;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["EmailDeliveryPage"];
                        /** @description Always null. */
                        error: unknown;
                        meta: components["schemas"]["Meta"];
                    };
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    showUnsubscribe: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                token: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The page. */
            200: {
                headers: {
                    /** @description No script, no frame, nothing from elsewhere. */
                    "Content-Security-Policy": string;
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "text/html": string;
                };
            };
            400: components["responses"]["BadRequest"];
            404: components["responses"]["NotFound"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    unsubscribe: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                token: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/x-www-form-urlencoded": {
                    /** @description `One-Click`, from mail clients (RFC 8058). Not read. */
                    "List-Unsubscribe"?: unknown;
                    /** @description `all` ends all mail of this service to the address; anything else is about the theme. */
                    scope?: unknown;
                };
                "multipart/form-data": {
                    /** @description `One-Click`, from mail clients (RFC 8058). Not read. */
                    "List-Unsubscribe"?: unknown;
                    /** @description `all` ends all mail of this service to the address; anything else is about the theme. */
                    scope?: unknown;
                };
            };
        };
        responses: {
            /** @description The page. */
            200: {
                headers: {
                    /** @description No script, no frame, nothing from elsewhere. */
                    "Content-Security-Policy": string;
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "text/html": string;
                };
            };
            400: components["responses"]["BadRequest"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            413: components["responses"]["PayloadTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    receiveResendEvent: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description The kind of the event, such as `email.delivered`. */
                    type?: unknown;
                    /** @description When it happened. */
                    created_at?: unknown;
                    /** @description The mail: `email_id` and `tags`, which name our delivery. */
                    data?: unknown;
                };
            };
        };
        responses: {
            /** @description Recorded, or about nothing that is recorded. */
            204: {
                headers: {
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            413: components["responses"]["PayloadTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    listAllDeliveries: {
        parameters: {
            query?: {
                /** @description Only mails with this status. */
                status?: components["schemas"]["DeliveryStatus"];
                /** @description Number of items of a page; 50 if absent. */
                limit?: number;
                /** @description `nextCursor` of the previous page. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["AdminDeliveryPage"];
                        /** @description Always null. */
                        error: unknown;
                        meta: components["schemas"]["Meta"];
                    };
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    listJobs: {
        parameters: {
            query?: {
                kind?: components["schemas"]["JobKind"];
                status?: components["schemas"]["JobStatus"];
                /** @description Number of items of a page; 50 if absent. */
                limit?: number;
                /** @description `nextCursor` of the previous page. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["JobPage"];
                        /** @description Always null. */
                        error: unknown;
                        meta: components["schemas"]["Meta"];
                    };
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    showJob: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The job. */
            200: {
                headers: {
                    /** @description Seconds before the next attempt. */
                    "Retry-After"?: number;
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["Job"];
                        /** @description Always null. */
                        error: unknown;
                        meta: components["schemas"]["Meta"];
                    };
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    followJob: {
        parameters: {
            query?: {
                /** @description Resume after this `seq`. */
                after?: string;
            };
            header?: {
                /** @description Resume after this `seq`; overrides `after`. */
                "Last-Event-ID"?: number;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The events after the given position, then live events until the final one. */
            200: {
                headers: {
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": components["schemas"]["JobFrame"];
                    "application/x-ndjson": components["schemas"]["JobLine"];
                };
            };
            /** @description No event follows the given position. */
            204: {
                headers: {
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            406: components["responses"]["NotAcceptable"];
            409: components["responses"]["Conflict"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    cancelJob: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The job had ended already. */
            200: {
                headers: {
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["Job"];
                        /** @description Always null. */
                        error: unknown;
                        meta: components["schemas"]["Meta"];
                    };
                };
            };
            /** @description Cancellation was requested. */
            202: {
                headers: {
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["Cancelling"];
                        /** @description Always null. */
                        error: unknown;
                        meta: components["schemas"]["Meta"];
                    };
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    explainJob: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["Explanation"];
                        /** @description Always null. */
                        error: unknown;
                        meta: components["schemas"]["Meta"];
                    };
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    makeTicket: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["TicketOrder"];
            };
        };
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["StreamTicket"];
                        /** @description Always null. */
                        error: unknown;
                        meta: components["schemas"]["Meta"];
                    };
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            413: components["responses"]["PayloadTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    showSession: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["SessionResponse"];
                        /** @description Always null. */
                        error: unknown;
                        meta: components["schemas"]["Meta"];
                    };
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            500: components["responses"]["InternalServerError"];
        };
    };
    makeSession: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The cookie is set. */
            200: {
                headers: {
                    /** @description The cookie `almanac_session`. */
                    "Set-Cookie": string;
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["SessionResponse"];
                        /** @description Always null. */
                        error: unknown;
                        meta: components["schemas"]["Meta"];
                    };
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            500: components["responses"]["InternalServerError"];
        };
    };
    deleteSession: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The cookie is cleared. */
            204: {
                headers: {
                    /** @description The cookie `almanac_session`. */
                    "Set-Cookie": string;
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            500: components["responses"]["InternalServerError"];
        };
    };
    eraseMyData: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The job of the erasure, which may have been submitted before. */
            202: {
                headers: {
                    /** @description The submitted job; of a request to publish, the plan. */
                    Location: string;
                    /** @description Requests and seconds of the limit. */
                    "RateLimit-Policy": string;
                    /** @description Remaining requests, and seconds until there is one more. */
                    RateLimit: string;
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["Job"];
                        /** @description Always null. */
                        error: unknown;
                        meta: components["schemas"]["Meta"];
                    };
                };
            };
            400: components["responses"]["BadRequestWithLimit"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["ForbiddenWithLimit"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailableOrAccepted"];
        };
    };
    showFlag: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: components["schemas"]["FlagName"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["Flag"];
                        /** @description Always null. */
                        error: unknown;
                        meta: components["schemas"]["Meta"];
                    };
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    updateFlag: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: components["schemas"]["FlagName"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["FlagSetting"];
            };
        };
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["Flag"];
                        /** @description Always null. */
                        error: unknown;
                        meta: components["schemas"]["Meta"];
                    };
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            413: components["responses"]["PayloadTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    listQueues: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["Queues"];
                        /** @description Always null. */
                        error: unknown;
                        meta: components["schemas"]["Meta"];
                    };
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    listAllJobs: {
        parameters: {
            query?: {
                kind?: components["schemas"]["JobKind"];
                status?: components["schemas"]["JobStatus"];
                /** @description Only jobs of this user. */
                user?: string;
                /** @description Number of items of a page; 50 if absent. */
                limit?: number;
                /** @description `nextCursor` of the previous page. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["AdminJobPage"];
                        /** @description Always null. */
                        error: unknown;
                        meta: components["schemas"]["Meta"];
                    };
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    listDeadJobs: {
        parameters: {
            query?: {
                /** @description Number of items of a page; 50 if absent. */
                limit?: number;
                /** @description `nextCursor` of the previous page. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["AdminJobPage"];
                        /** @description Always null. */
                        error: unknown;
                        meta: components["schemas"]["Meta"];
                    };
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    retryJob: {
        parameters: {
            query?: never;
            header?: {
                /** @description Repeats the stored answer if a request with this key and the same body was accepted within 24 h. */
                "Idempotency-Key"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The new job. */
            202: {
                headers: {
                    /** @description The submitted job; of a request to publish, the plan. */
                    Location: string;
                    /** @description `true` if an earlier request with the same `Idempotency-Key` stored the answer. */
                    "Idempotency-Replayed"?: string;
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["AdminJob"];
                        /** @description Always null. */
                        error: unknown;
                        meta: components["schemas"]["Meta"];
                    };
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["Conflict"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    showFlags: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["FlagsResponse"];
                        /** @description Always null. */
                        error: unknown;
                        meta: components["schemas"]["Meta"];
                    };
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            500: components["responses"]["InternalServerError"];
        };
    };
    showVersion: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    /** @description Id of the request: the one that it carried, or a new one. */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["Version"];
                        /** @description Always null. */
                        error: unknown;
                        meta: components["schemas"]["Meta"];
                    };
                };
            };
            400: components["responses"]["BadRequest"];
            429: components["responses"]["TooManyRequests"];
            431: components["responses"]["RequestHeaderFieldsTooLarge"];
            500: components["responses"]["InternalServerError"];
        };
    };
}
