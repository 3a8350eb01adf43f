"""The encoder without weights: edges and lines look alike to it, whatever their contrast, and it treats every
direction and place alike."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from scipy import ndimage
from torch.nn import functional

from taureau.encoders import contour as module
from taureau.encoders import line_energy as line_energy_module
from taureau.encoders import load_encoder
from taureau.encoders.contour import POOLED, WORKING_SIDE, Contour
from taureau.encoders.line_energy import ORIENTATIONS, _Energy, line_energy, quadrature_filters
from taureau.errors import InputError
from taureau.losses.perceptual import geometric_loss

SIZE = 224
MIDDLE = SIZE / 2
LAYERS = ("fine", "medium", "coarse")


@pytest.fixture(scope="module")
def encoder() -> Contour:
    return Contour()


def random_images(num: int, height: int = SIZE, width: int = SIZE, seed: int = 0) -> torch.Tensor:
    return torch.rand(num, 3, height, width, generator=torch.Generator().manual_seed(seed))


def centers(size: int = SIZE) -> tuple[torch.Tensor, torch.Tensor]:
    steps = torch.arange(size) + 0.5
    y, x = torch.meshgrid(steps, steps, indexing="ij")
    return x, y


def gray(values: torch.Tensor) -> torch.Tensor:
    return values.expand(3, *values.shape).contiguous()


def line(distance: torch.Tensor, width: float = 3.0) -> torch.Tensor:
    """A pen line, black on white, from the distance to its middle."""
    return gray(1 - (width / 2 + 0.5 - distance.abs()).clamp(0, 1))


def edge(distance: torch.Tensor, contrast: float = 0.4, middle: float = 0.5) -> torch.Tensor:
    """A step between two tones, lighter where the distance is over 0."""
    return gray(middle + contrast * distance.clamp(-0.5, 0.5))


def from_circle(radius: float = 60.0) -> torch.Tensor:
    x, y = centers()
    return torch.hypot(x - MIDDLE, y - MIDDLE) - radius


def from_straight(angle: float, offset: float = 0.0) -> torch.Tensor:
    """Distance from a straight line through the middle that runs at an angle from the x axis, y down."""
    x, y = centers()
    return -(x - MIDDLE) * math.sin(angle) + (y - MIDDLE) * math.cos(angle) - offset


def alike(a: torch.Tensor, b: torch.Tensor) -> float:
    return float(functional.cosine_similarity(a.flatten(), b.flatten(), dim=0))


# A photo's edge and a pen's line


def test_an_edge_and_a_line_on_the_same_curve_look_alike(encoder):
    seen = encoder(torch.stack([edge(from_circle()), line(from_circle()), line(from_circle(35))]))
    for layer in LAYERS:
        as_edge, as_line, elsewhere = seen.maps[layer]
        assert alike(as_edge, as_line) > 0.85
        assert float(as_edge.max()) == pytest.approx(float(as_line.max()), abs=0.1)
        # Proof of the guard: a line on another curve does not look like it.
        assert alike(as_edge, elsewhere) < 0.6
    embeddings = seen.embedding
    assert alike(embeddings[0], embeddings[1]) > 0.95 > alike(embeddings[0], embeddings[2])


@pytest.mark.parametrize("offset", [-32.0, -11.3, 0.0, 20.0])
def test_an_edge_and_a_line_peak_at_the_same_place(encoder, offset):
    distance = from_straight(math.pi / 2, offset)
    seen = encoder(torch.stack([edge(distance), line(distance)])).maps
    for layer in LAYERS:
        cell = SIZE / seen[layer].shape[-1]
        along_x = seen[layer][:, ORIENTATIONS // 2].mean(dim=1)
        for place in (along_x.argmax(dim=1) + 0.5) * cell:
            assert float(place) == pytest.approx(MIDDLE - offset, abs=cell)


def test_drawing_the_edge_lowers_the_loss_and_drawing_beside_it_raises_it(encoder):
    seen = encoder(
        torch.stack([line(from_circle()), line(from_circle(35)), torch.ones(3, SIZE, SIZE)]), embedding=False
    )
    photo = encoder(edge(from_circle())[None], embedding=False)
    on, beside, blank = geometric_loss(seen.maps, photo.maps, encoder.loss_layers).tolist()
    assert on < 0.5 * blank < blank < beside


def test_faint_contours_count_nearly_as_much_as_strong_ones(encoder):
    contrasts = (0.2, 0.3, 0.5, 1.0)
    seen = encoder(torch.stack([edge(from_circle(), contrast) for contrast in contrasts])).maps
    for layer in LAYERS:
        *others, strongest = seen[layer]
        for other in others:
            assert alike(other, strongest) > 0.97
            assert float(other.max()) > 0.85 * float(strongest.max())
    # Noise of the contrast of a camera's does not.
    faint = encoder(edge(from_circle(), 0.01)[None]).maps["fine"]
    assert float(faint.max()) < 0.05


def test_light_on_dark_is_dark_on_light(encoder):
    images = random_images(1)
    assert_same_maps(encoder(images).maps, encoder(1 - images).maps)


def test_texture_counts_less_than_a_contour_of_the_same_contrast(encoder):
    x, _ = centers()
    speckle = 0.3 + 0.4 * (random_images(1)[0, 0] < 0.5)
    step = torch.where(x < SIZE * 3 / 4, 0.3, 0.7)
    maps = encoder(gray(torch.where(x < MIDDLE, speckle, step))[None]).maps
    for layer, least in (("fine", 2), ("medium", 4), ("coarse", 10)):
        strongest = maps[layer][0].amax(dim=0)
        eighth = strongest.shape[1] // 8
        texture = strongest[:, : 3 * eighth]  # clear of where the texture ends
        contour = strongest[:, 5 * eighth :].amax(dim=1)
        assert contour.mean() > least * texture.mean()
    assert (contour > texture.max()).all()


# Every direction and place alike


def assert_same_maps(found: dict[str, torch.Tensor], expected: dict[str, torch.Tensor]) -> None:
    assert found.keys() == expected.keys()
    for layer, values in expected.items():
        torch.testing.assert_close(found[layer], values, atol=1e-5, rtol=0)


@pytest.mark.parametrize("index", range(ORIENTATIONS))
def test_a_line_answers_in_the_channel_of_its_direction(encoder, index):
    maps = encoder(line(from_straight(math.pi * index / ORIENTATIONS))[None]).maps
    for layer in LAYERS:
        rim = maps[layer].shape[-1] // 8
        energies = maps[layer][0, :, rim:-rim, rim:-rim].mean(dim=(1, 2))
        assert int(energies.argmax()) == index
        across = energies[(index + ORIENTATIONS // 2) % ORIENTATIONS]
        assert across < 0.1 * energies[index]


def test_a_quarter_turn_turns_the_maps_and_their_channels(encoder):
    images = random_images(1)
    turned = encoder(images.rot90(1, (2, 3))).maps
    expected = {
        layer: values.rot90(1, (2, 3)).roll(ORIENTATIONS // 2, 1) for layer, values in encoder(images).maps.items()
    }
    assert_same_maps(turned, expected)


def test_a_mirror_mirrors_the_maps_and_their_channels(encoder):
    images = random_images(1)
    mirrored = encoder(images.flip(3)).maps
    back = [-index % ORIENTATIONS for index in range(ORIENTATIONS)]
    assert_same_maps(mirrored, {layer: values.flip(3)[:, back] for layer, values in encoder(images).maps.items()})


def test_a_shift_shifts_the_maps(encoder):
    shift = 16
    wide = random_images(1, SIZE, SIZE + shift)
    one, other = encoder(wide[..., :SIZE]).maps, encoder(wide[..., shift:]).maps
    for layer in ("fine", "medium"):  # no coarse cell is clear of both borders: a filter reaches 4, the surround 9
        cells = shift * one[layer].shape[-1] // SIZE
        shifted, same = one[layer][..., cells + 13 : -13], other[layer][..., 13 : -cells - 13]
        assert same.numel()
        torch.testing.assert_close(same, shifted, atol=1e-5, rtol=0)


# The definition, again


def plain_maps(image: torch.Tensor) -> dict[str, np.ndarray]:
    """The encoder written out for one image of the working size: red, green and blue each by itself, by scipy."""
    rgb = image.double().numpy()
    maps = {}
    for layer in LAYERS:
        if layer != "fine":
            rgb = rgb.reshape(3, rgb.shape[1] // 2, 2, rgb.shape[2] // 2, 2).mean(axis=(2, 4))
        power = np.stack([np.mean([plain_energy(channel, index) for channel in rgb], axis=0) for index in range(8)])
        around = ndimage.gaussian_filter(power.mean(axis=0), 6.0, mode="nearest", radius=9)
        maps[layer] = power / (power + 1.2**2 * around + 0.08**2)
    return maps


def plain_energy(channel: np.ndarray, index: int) -> np.ndarray:
    """Squared answers of an even and an odd filter: a second and a first derivative of a long Gaussian, across it."""
    angle = math.pi * index / 8
    answers = 0.0
    steps = range(-4, 5)
    window, even, odd = np.zeros((9, 9)), np.zeros((9, 9)), np.zeros((9, 9))
    for row, y in enumerate(steps):
        for column, x in enumerate(steps):
            along, across = x * math.cos(angle) + y * math.sin(angle), y * math.cos(angle) - x * math.sin(angle)
            window[row, column] = math.exp(-((along / 2.2) ** 2 + across**2) / 2)
            even[row, column] = (1 - across**2) * window[row, column]
            odd[row, column] = -across * window[row, column]
    even -= window * even.sum() / window.sum()
    for kernel in (even, odd):
        answers = answers + ndimage.correlate(channel, kernel / kernel[kernel > 0].sum(), mode="nearest") ** 2
    return answers


def test_the_maps_equal_plain_loops(encoder):
    image = random_images(1, WORKING_SIDE, WORKING_SIDE, seed=3)
    expected = plain_maps(image[0])
    found = encoder(image).maps
    for layer in LAYERS:
        np.testing.assert_allclose(found[layer][0], expected[layer], atol=1e-5)
        # Proof of the guard: the colours count, each by itself.
        mean = encoder(image.mean(dim=1, keepdim=True).expand(-1, 3, -1, -1)).maps[layer][0]
        assert np.abs(mean.numpy() - expected[layer]).max() > 0.1


def test_the_embedding_is_every_map_pooled_to_4_by_4(encoder):
    seen = encoder(random_images(2, seed=4))
    assert seen.embedding.shape == (2, len(LAYERS) * ORIENTATIONS * POOLED**2)
    numbers = iter(seen.embedding[1].tolist())
    for layer in LAYERS:
        side = seen.maps[layer].shape[-1] // POOLED
        for channel in seen.maps[layer][1]:
            for row in range(POOLED):
                for column in range(POOLED):
                    cell = channel[row * side : (row + 1) * side, column * side : (column + 1) * side]
                    assert next(numbers) == pytest.approx(float(cell.mean()), abs=1e-5)


def test_filters_ignore_flat_tones_and_answer_an_edge_with_its_contrast():
    filters = quadrature_filters()
    assert filters.shape == (2 * ORIENTATIONS, 1, 9, 9)
    assert filters.sum(dim=(1, 2, 3)).abs().max() < 1e-6
    assert filters.clamp_min(0).sum(dim=(1, 2, 3)).tolist() == pytest.approx([1.0] * 16, abs=1e-5)
    step = torch.zeros(9, 9)
    step[:4], step[4] = 0.3, 0.15
    assert float((filters[ORIENTATIONS, 0] * step).sum()) == pytest.approx(0.3, abs=1e-5)


# Ink has no colour


def test_pictures_without_colour_take_a_shorter_way_to_the_same_numbers(encoder, monkeypatch):
    ink = line(from_circle())[None]
    weights = torch.rand(8, WORKING_SIDE, WORKING_SIDE, generator=torch.Generator().manual_seed(5))
    channels = []
    plain = module.opponent

    def count(images):
        result = plain(images)
        channels.append(result.shape[1])
        return result

    monkeypatch.setattr(module, "opponent", count)

    def look(*beside: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        image = ink.clone().requires_grad_()
        seen = encoder(torch.cat([image, *beside]))
        ((seen.maps["fine"][0] * weights).sum() + seen.embedding[0].square().sum()).backward()
        return seen.maps["fine"][0], seen.embedding[0], image.grad

    # A picture with colours in the same batch takes all of it the long way.
    short, long = look(), look(random_images(1))
    assert channels == [1, 3]
    for found, expected in zip(short, long, strict=True):
        torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-4)
    assert short[2].abs().max() > 0.01


# Energy in one go


@pytest.mark.parametrize("shape", [(16, 1, 9, 9), (2, 1, 1, 19), (4, 1, 19, 1), (6, 1, 2, 5)])
def test_energy_is_that_of_two_convolutions_forward_and_backward(shape):
    chance = torch.Generator().manual_seed(6)
    filters = torch.randn(shape, generator=chance, dtype=torch.float64)
    images = torch.randn(3, 1, 24, 21, generator=chance, dtype=torch.float64)
    ours, theirs = images.clone().requires_grad_(), images.clone().requires_grad_()
    even, odd = (functional.conv2d(theirs, half) for half in filters.chunk(2))
    found, expected = _Energy.apply(ours, filters), even.square() + odd.square()
    torch.testing.assert_close(found, expected, atol=1e-10, rtol=0)
    slopes = torch.randn(expected.shape, generator=chance, dtype=torch.float64)
    found.backward(slopes)
    expected.backward(slopes)
    torch.testing.assert_close(ours.grad, theirs.grad, atol=1e-10, rtol=0)


def test_energy_against_finite_differences():
    chance = torch.Generator().manual_seed(7)
    filters = torch.randn(4, 1, 3, 5, generator=chance, dtype=torch.float64)
    images = torch.randn(2, 1, 6, 7, generator=chance, dtype=torch.float64).requires_grad_()
    assert torch.autograd.gradcheck(lambda inputs: _Energy.apply(inputs, filters), images)


def test_next_to_nothing_is_multiplied_as_nothing(monkeypatch):
    """Slopes of blank paper beside blank paper: as numbers below the normal ones they took eleven times as long."""
    multiplied = []

    def watched(image, filters, **options):
        multiplied.append(image)
        return functional.conv2d(image, filters, **options)

    watching = SimpleNamespace(**{**vars(functional), "conv2d": watched})
    chance = torch.Generator().manual_seed(8)
    filters = quadrature_filters()
    images = torch.rand(2, 1, 24, 21, generator=chance)
    slopes = 10 ** torch.empty(2, ORIENTATIONS, 16, 13).uniform_(-38, 0, generator=chance)
    ours, theirs = images.clone().requires_grad_(), images.clone().requires_grad_()
    found = _Energy.apply(ours, filters)
    monkeypatch.setattr(line_energy_module, "functional", watching)
    found.backward(slopes)
    monkeypatch.undo()
    even, odd = (functional.conv2d(theirs, half) for half in filters.chunk(2))
    (even.square() + odd.square()).backward(slopes)
    torch.testing.assert_close(ours.grad, theirs.grad, atol=1e-6, rtol=1e-5)
    assert below_normal(even.detach() * slopes).any(), "the test has no numbers to watch for"
    assert len(multiplied) == 1
    assert not below_normal(multiplied[0]).any()


def below_normal(values):
    return (values != 0) & (values.abs() < torch.finfo(values.dtype).tiny)


def test_line_energy_of_a_picture_of_the_working_size_is_the_map_fine(encoder):
    images = random_images(2, WORKING_SIDE, 70)
    assert torch.equal(line_energy(images, quadrature_filters()), encoder(images, ("fine",)).maps["fine"])


# What comes in and what goes out


@pytest.mark.parametrize("tone", [0.0, 0.35, 1.0])
def test_blank_paper_shows_nothing_and_has_a_finite_gradient(encoder, tone):
    image = torch.full((1, 3, SIZE, SIZE), tone).requires_grad_()
    seen = encoder(image)
    assert all(values.abs().max() < 1e-10 for values in seen.maps.values())
    assert seen.embedding.abs().max() < 1e-10
    photo = encoder(edge(from_circle())[None])
    loss = geometric_loss(seen.maps, photo.maps, encoder.loss_layers).sum()
    loss = loss + 1 - functional.cosine_similarity(seen.embedding, photo.embedding).sum()
    loss.backward()
    assert torch.isfinite(loss)
    assert torch.isfinite(image.grad).all()


@pytest.mark.parametrize(
    ("height", "width", "fine"),
    [
        (224, 224, (112, 112)),
        (112, 112, (112, 112)),
        (448, 448, (112, 112)),
        (64, 64, (112, 112)),
        (300, 100, (112, 37)),
        (7, 320, (2, 112)),
        (113, 57, (112, 56)),
        (1, 1, (112, 112)),
    ],
)
def test_pictures_of_any_size_and_shape(encoder, height, width, fine):
    images = random_images(2, height, width).requires_grad_()
    seen = encoder(images)
    shapes = [tuple(seen.maps[layer].shape) for layer in LAYERS]
    halves = [fine, *(tuple(-(-side // 2**k) for side in fine) for k in (1, 2))]
    assert shapes == [(2, ORIENTATIONS, *half) for half in halves]
    assert all(values.min() >= 0 and values.max() < 1 for values in seen.maps.values())
    seen.embedding.sum().backward()
    assert torch.isfinite(images.grad).all()


@pytest.mark.parametrize(
    ("layers", "embedding", "times"),
    [(("fine",), False, 1), (("coarse",), False, 1), (("medium", "fine"), False, 2), ((), True, 3), (None, True, 3)],
)
def test_nothing_is_computed_that_was_not_asked_for(encoder, monkeypatch, layers, embedding, times):
    images, calls = random_images(1), []
    everything = encoder(images)
    plain = module.respond
    monkeypatch.setattr(module, "respond", lambda *inputs: (calls.append(1), plain(*inputs))[1])
    seen = encoder(images, layers, embedding=embedding)
    assert len(calls) == times
    wanted = LAYERS if layers is None else layers
    assert set(seen.maps) == set(wanted)
    for layer in wanted:
        assert torch.equal(seen.maps[layer], everything.maps[layer])
    if embedding:
        assert torch.equal(seen.embedding, everything.embedding)
    else:
        assert seen.embedding is None


def test_images_of_a_batch_do_not_mix(encoder):
    images = random_images(3)
    together = encoder(images).maps["fine"]
    torch.testing.assert_close(together[1:2], encoder(images[1:2]).maps["fine"], atol=1e-6, rtol=0)


def test_it_is_the_encoder_of_its_name_and_refuses_other_layers():
    encoder = load_encoder("contour", device="cpu")
    assert isinstance(encoder, Contour)
    assert (encoder.device.type, encoder.weights_sha256, encoder.layers) == ("cpu", None, LAYERS)
    assert set(encoder.loss_layers) <= set(LAYERS)
    with pytest.raises(InputError, match="encoder contour has no layer 'layer3'; it has fine, medium, coarse"):
        encoder(random_images(1), ("layer3",))


def test_saliency_is_a_map_of_the_image_in_0_to_1(encoder):
    picture = torch.full((3, 40, 60), 0.8)
    picture[:, 12:28, 20:40] = torch.tensor([0.7, 0.1, 0.1])[:, None, None]
    saliency = encoder.saliency(picture)
    assert saliency.shape == (40, 60)
    assert (saliency.min(), saliency.max()) == (0, 1)
    assert saliency[16:24, 26:34].mean() > 0.8 > 0.2 > saliency[:6].mean()
    assert (encoder.saliency(torch.full((3, 40, 60), 0.8)) == 1).all()
