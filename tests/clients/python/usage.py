"""Imports every module of the generated client and uses some of it, without a server."""

import importlib
import pkgutil

import almanac_client
from almanac_client.api.calendar import create_calendar
from almanac_client.models import AIGenerationDTO, CalendarCadence, CreateCalendar, ErrorEnvelope

modules = [module.name for module in pkgutil.walk_packages(almanac_client.__path__, "almanac_client.")]
assert len(modules) > 100, modules
for name in modules:
    importlib.import_module(name)

order = CreateCalendar(
    channels=["instagram"], cadence=CalendarCadence.DAILY, start="2026-01-26", end="2026-02-01"
)
request = create_calendar._get_kwargs(body=order, idempotency_key="order-17")
assert (request["method"], request["url"]) == ("post", "/ai/calendar"), request
assert request["headers"]["Idempotency-Key"] == "order-17", request
assert request["json"]["cadence"] == "daily", request

generation = AIGenerationDTO.from_dict({
    "id": "1", "status": "failed", "model": "m", "prompt_version": "1", "tokens_input": None, "tokens_output": None,
    "cost_usd": None, "ai_metadata": None, "error": {"code": "POISON", "message": "x"},
    "created_at": "2026-01-20T09:30:00Z", "finished_at": None, "suggestion_count": 0,
})
assert generation.cost_usd is None and generation.error.code == "POISON", generation

refusal = ErrorEnvelope.from_dict({
    "data": None, "meta": {"requestId": "r"},
    "error": {"code": "NOT_FOUND", "message": "not found", "details": [], "retryable": False},
})
assert refusal.error.code == "NOT_FOUND", refusal
