"""The settings of a project as its page asks for them."""

from typing import Any

from django.utils.translation import gettext_lazy

# name, what it is called, what it means; by kind of field, in the groups of the page.
GROUPS: tuple[tuple[Any, tuple[tuple[str, str, Any, Any], ...]], ...] = (
    (
        gettext_lazy("Pay"),
        (
            ("price_per_annotation", "money", gettext_lazy("Price of an annotation"), gettext_lazy("Empty: statements name no sum.")),
            ("hourly_floor", "money", gettext_lazy("What an hour should bring at least"), gettext_lazy("The overview warns when people earn less. Empty: no floor.")),
        ),
    ),
    (
        gettext_lazy("Handing out"),
        (
            ("lease_minutes", "whole", gettext_lazy("Minutes a sample is held"), gettext_lazy("Renewed while the page is open; afterwards somebody else gets it.")),
            ("head_start_hours", "whole", gettext_lazy("Head start, in hours"), gettext_lazy("For so long an escalated sample goes to people of at least median weight only.")),
            ("shuffles_responses", "flag", gettext_lazy("Shuffle the responses for each person"), ""),
            ("allows_directed_claims", "flag", gettext_lazy("Let programs claim a named sample"), gettext_lazy("For replays and for systems outside.")),
        ),
    ),
    (
        gettext_lazy("Quality"),
        (
            ("gold_rate", "share", gettext_lazy("Gold samples among those handed out, per cent"), gettext_lazy("0 to 50.")),
            ("test_size", "whole", gettext_lazy("Gold samples in the test of newcomers"), gettext_lazy("Empty: no test.")),
            ("pass_mark", "share", gettext_lazy("Of those right to pass, per cent"), gettext_lazy("Empty where there is no test.")),
            ("lets_relatives_vote", "flag", gettext_lazy("Let judges count on responses of their own family"), ""),
        ),
    ),
    (
        gettext_lazy("What annotators see"),
        (
            ("shows_thinking", "flag", gettext_lazy("Let them unfold what a model thought"), ""),
            ("shows_gold_accuracy", "flag", gettext_lazy("Show them how right they are on gold"), ""),
            ("asks_about_contradictions", "flag", gettext_lazy("Ask once when a comparison contradicts the ratings"), gettext_lazy("It forbids nothing.")),
        ),
    ),
    (
        gettext_lazy("Figures"),
        (
            ("slice_fields", "names", gettext_lazy("Metadata fields by which figures are told apart"), gettext_lazy("Names with commas between them. Empty: found in the samples.")),
        ),
    ),
)  # fmt: skip
KINDS = {name: kind for _title, fields in GROUPS for name, kind, _label, _hint in fields}
