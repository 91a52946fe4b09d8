from dataclasses import fields, is_dataclass
from pathlib import Path

import pytest

from stvsr.data.clips import ClipSource, open_clips
from stvsr.errors import StvsrError
from stvsr.evaluation.datasets import REDS4
from stvsr.models import checkpoint
from stvsr.settings import plain
from stvsr.training.recipe import Recipe, bundled_recipes, expand_variables, load_recipe, stage_at

DOCUMENT = Path(__file__).resolve().parents[2] / "docs/training.md"
NAMES = [f"staa-{scale}{tag}" for scale in ("1t2s", "2t1s", "2t2s", "2t4s") for tag in ("", "-compact")]
OTHERS = ["staa-2t4s-recurrent", "staa-1t2s-codec-compact", "staa-2t1s-codec-compact"]

GOOD = "model: {family: staa}\ndata: {train: [{kind: videos}]}\n"


def test_every_scale_has_a_paper_and_a_compact_recipe():
    assert set(NAMES) <= set(bundled_recipes())


@pytest.mark.parametrize("name", [*NAMES, *OTHERS])
def test_a_bundled_recipe_describes_a_model_of_its_name_and_sources_that_exist(name):
    recipe = load_recipe(name)
    assert recipe.name == name
    import torch

    with torch.device("meta"):
        model = checkpoint.build(plain(recipe.model), recipe.name)
    assert str(model.scale) == name.split("-")[1]
    for source in (*recipe.data.train, *recipe.data.validation):
        ClipSource.of({key: value for key, value in source.items() if key != "weight"})


@pytest.mark.parametrize("name", [name for name in NAMES if name.endswith("s")])
def test_the_papers_training_is_its_recipe(name):
    recipe = load_recipe(name)
    assert (recipe.data.patch, recipe.data.batch, recipe.steps, recipe.loss) == (128, 32, 200_000, "l1")
    optimizer = recipe.optimizer
    assert (optimizer.rate, optimizer.schedule, optimizer.milestones, optimizer.gamma) == (
        2e-4,
        "steps",
        (0.5, 0.8),
        0.2,
    )


def test_overrides_win_over_the_file():
    recipe = load_recipe("staa-2t4s", ["steps=200", "optimizer.rate=1e-3", "data.batch=4"])
    assert (recipe.steps, recipe.optimizer.rate, recipe.data.batch) == (200, 1e-3, 4)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("model: {family: staa}", "'data.train' is empty"),
        ("data: {train: [{kind: videos}]}", "'model' is missing"),
        ("", "'model' is missing"),
        ("- 1", "must hold 'key: value' lines"),
        ("a: [", "not valid YAML"),
        ("\x00", "not valid YAML"),
        ("model: {family: staa}\ndata: {train: [{kind: videos}]}\nname: ../up", "'name' must be"),
        ("model: {family: staa}\ndata: {train: [{kind: videos}]}\nema: 1", "must be below 1"),
        ("model: {family: staa}\ndata: {train: [{kind: videos}]}\nloss: l2", "one of l1, charbonnier"),
        (GOOD + "codec: {name: divx}", "'codec.name' must be one of"),
        (GOOD + "codec: {name: h265, crf: [20, 52]}", "'codec.crf': encoder h265: quality 52 is not between"),
        (GOOD + "codec: {name: h265, crf: [40, 20]}", "is a range"),
        (GOOD + "codec: {name: h265, chroma: 422}", "'codec.chroma' must be one of 420, 444"),
        (GOOD + "codec: {name: h265, rate: 0}", "must be above 0"),
    ],
)
def test_a_bad_recipe_is_one_clear_line(tmp_path, text, message):
    path = tmp_path / "recipe.yaml"
    path.write_text(text)
    with pytest.raises(StvsrError, match=message) as raised:
        load_recipe(path)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("key", ["seed", "data.seed"])
def test_a_seed_has_no_more_than_63_bits(key):
    assert load_recipe("staa-2t4s", [f"{key}={2**63 - 1}"])
    with pytest.raises(StvsrError, match=f"'{key}' must be at most 9223372036854775807"):
        load_recipe("staa-2t4s", [f"{key}={2**63}"])


@pytest.mark.parametrize("key", ["rate", "final_rate", "gamma", "kernel_rate"])
def test_a_rate_that_no_float32_holds_is_refused(key):
    with pytest.raises(StvsrError, match=f"'optimizer.{key}' must be at most"):
        load_recipe("staa-2t4s", [f"optimizer.{key}=1e39"])


def test_an_unknown_recipe_is_told_the_bundled_ones():
    with pytest.raises(StvsrError, match="staa-2t4s-compact"):
        load_recipe("staa-9t9s")


def test_variables_are_filled_in_or_asked_for(monkeypatch):
    monkeypatch.setenv("STVSR_DATA", "/clips")
    assert expand_variables({"a": ["${STVSR_DATA}/train", 3]}) == {"a": ["/clips/train", 3]}
    monkeypatch.delenv("STVSR_DATA")
    with pytest.raises(StvsrError, match="export STVSR_DATA=FOLDER"):
        expand_variables({"a": ["${STVSR_DATA}/train"]})


def every_field(kind, prefix=""):
    for field in fields(kind):
        yield f"{prefix}{field.name}", field.metadata["doc"]
        inner = field.default_factory
        if is_dataclass(inner):
            yield from every_field(inner, f"{prefix}{field.name}.")


def test_the_document_explains_every_field():
    text = DOCUMENT.read_text(encoding="utf-8")
    for name, doc in every_field(Recipe):
        assert f"| `{name}` |" in text, name
        assert doc in text, name


def reds_sources():
    recipes = {name: load_recipe(name) for name in bundled_recipes()}
    return [
        pytest.param(source, id=name)
        for name, recipe in recipes.items()
        for source in recipe.data.train
        if source["kind"] == "reds"
    ]


@pytest.mark.parametrize("source", reds_sources())
def test_what_the_papers_test_on_is_never_trained_on(source, tmp_path):
    from PIL import Image

    for clip in (*REDS4, "001", "239"):
        folder = tmp_path / source["part"] / clip
        folder.mkdir(parents=True)
        Image.new("RGB", (8, 8)).save(folder / "00000000.png")
    clips = open_clips({**source, "path": str(tmp_path), "cache": str(tmp_path / "cache")})
    assert list(clips.names) == ["001", "239"]


def good(folder):
    path = folder / "recipe.yaml"
    path.write_text(GOOD)
    return path


STAGED = [{"until": 0.25, "patch": 64, "batch": 8}, {"until": 0.9, "frames": 12}, {"until": 1, "loss": "log_mse"}]


def test_each_stage_has_its_share_of_the_steps_and_what_it_does_not_say_is_the_recipes(tmp_path):
    recipe = load_recipe(
        good(tmp_path), [f"stages={STAGED}", "steps=100", "data.patch=96", "data.batch=4", "data.frames=10"]
    )
    found = {step: stage_at(recipe, step) for step in (0, 24, 25, 89, 90, 99)}
    sizes = {step: (s.frames, s.patch, s.batch, s.loss, end) for step, (s, end) in found.items()}
    assert sizes[0] == sizes[24] == (10, 64, 8, "", 25)
    assert sizes[25] == sizes[89] == (12, 96, 4, "", 90)
    assert sizes[90] == sizes[99] == (10, 96, 4, "log_mse", 100)


@pytest.mark.parametrize("ends", [[0.5, 0.4, 1.0], [0.5, 0.5, 1], [0.5]])
def test_stages_that_do_not_fill_the_run_are_refused(tmp_path, ends):
    with pytest.raises(StvsrError, match="must end later and later"):
        load_recipe(good(tmp_path), [f"stages={[{'until': end} for end in ends]}"])
