"""Every vote behind a label as a row: what one person rated and remarked of one sample. Nobody is named."""

from .rows import JsonObject, LabelledSample, Vote


def vote_rows(sample: LabelledSample) -> list[JsonObject]:
    """The votes that count, in the order in which they arrived.

    ratings: a row a value, with the response's place from 0; empty for "neither valid". remarks: by name, None where nothing
    was given, of responses a list in their order. is_chosen: whether the label was made of this vote.
    """
    return [
        {
            "sample_id": sample.sample_id,
            "split": sample.split,
            "ratings": _ratings(vote),
            "remarks": vote.remarks,
            "comment": vote.comment,
            "is_chosen": at in sample.chosen,
        }
        for at, vote in enumerate(sample.votes)
    ]


def _ratings(vote: Vote) -> list[JsonObject]:
    return [
        {"attribute": attribute, "response": response, "value": value}
        for (response, attribute), value in vote.values.items()
        if value is not None
    ]
