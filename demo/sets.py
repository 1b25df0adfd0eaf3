"""The bundled data sets, and how many samples of each are left for the visitor."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from annotation.datasets.pilot import PilotFolder, RecordedAnnotation, recorded_annotations
from annotation.models import Project
from annotation.services import importing
from modelgen.running import reward_heads

HERE = Path(__file__).parent


@dataclass(frozen=True)
class DemoSet:
    """One folder of recorded data, as a project. The first `reserved` samples of the file are not replayed."""

    slug: str
    reserved: int
    welcomes_visitor: bool

    @property
    def folder(self) -> PilotFolder:
        return PilotFolder.open(HERE / self.slug)

    def bring_in(self, *, at: datetime, say: Callable[[str], None]) -> None:
        """Import what is not there yet, and ask for a reward head."""
        new = importing.import_pilot(folder=self.folder, slug=self.slug, at=at, allows_directed_claims=True)
        reward_heads.plan_for(Project.objects.get(slug=self.slug))
        say(f"{self.slug}: {new.samples} samples, {new.people} people and {new.judgments} recorded judgments are new.")

    def recorded(self, limit: int | None) -> dict[str, list[RecordedAnnotation]]:
        """For each sample to replay, what people said of it, in the order of the file."""
        said: dict[str, list[RecordedAnnotation]] = {sample.sample_id: [] for sample in self.folder.samples()}
        for annotation in recorded_annotations(self.folder):
            said[annotation.sample_id].append(annotation)
        replayed = list(said)[self.reserved :][:limit]
        return {sample_id: said[sample_id] for sample_id in replayed}


# The three people of pandalm are all there are: where they disagree nobody is left to ask. A visitor who could be asked
# would change that, so visitors judge in the other two.
SETS = [
    DemoSet("recipes", reserved=2, welcomes_visitor=True),
    DemoSet("convincing", reserved=30, welcomes_visitor=True),
    DemoSet("pandalm", reserved=0, welcomes_visitor=False),
]
