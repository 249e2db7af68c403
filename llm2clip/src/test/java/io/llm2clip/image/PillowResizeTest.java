package io.llm2clip.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;

/** Golden targets are {@code Image.resize((width, height), filter)} of Pillow 12 on the stored sources. */
class PillowResizeTest {
    static List<JsonNode> cases() throws Exception {
        return Goldens.cases("pillow-resize.json");
    }

    @ParameterizedTest
    @MethodSource("cases")
    void equalsPillowToTheBit(JsonNode golden) {
        RgbImage resized = PillowResize.resize(
                Goldens.image(golden, "source"),
                golden.get("targetWidth").intValue(),
                golden.get("targetHeight").intValue(),
                ResizeFilter.valueOf(golden.get("filter").stringValue()));
        assertThat(resized.pixels()).isEqualTo(Goldens.decode(golden.get("target")));
    }

    @Property(tries = 100)
    void aConstantImageStaysConstant(
            @ForAll byte value,
            @ForAll @IntRange(min = 1, max = 40) int width,
            @ForAll @IntRange(min = 1, max = 40) int height,
            @ForAll @IntRange(min = 1, max = 40) int side,
            @ForAll ResizeFilter filter) {
        byte[] pixels = new byte[3 * width * height];
        Arrays.fill(pixels, value);
        assertThat(PillowResize.resize(new RgbImage(width, height, pixels), side, side, filter)
                        .pixels())
                .containsOnly(value);
    }

    @Property(tries = 50)
    void transposingAndResizingByTheNearestPixelCommute(
            @ForAll @IntRange(min = 1, max = 20) int width,
            @ForAll @IntRange(min = 1, max = 20) int height,
            @ForAll long seed)
            throws IOException {
        RgbImage image = random(width, height, seed);
        RgbImage first = turned(5, PillowResize.resize(image, 7, 7, ResizeFilter.NEAREST));
        RgbImage second = PillowResize.resize(turned(5, image), 7, 7, ResizeFilter.NEAREST);
        assertThat(first).isEqualTo(second);
    }

    private static RgbImage random(int width, int height, long seed) {
        byte[] pixels = new byte[3 * width * height];
        new Random(seed).nextBytes(pixels);
        return new RgbImage(width, height, pixels);
    }

    private static RgbImage turned(int orientation, RgbImage image) throws IOException {
        return UprightImage.of(image.stored(), Orientation.ofExif(orientation));
    }

    @Property(tries = 300)
    void aWindowOfATurnedImageIsThatPartOfTheWholeResizedUprightOne(
            @ForAll @IntRange(min = 1, max = 40) int width,
            @ForAll @IntRange(min = 1, max = 40) int height,
            @ForAll @IntRange(min = 1, max = 30) int targetWidth,
            @ForAll @IntRange(min = 1, max = 30) int targetHeight,
            @ForAll @IntRange(min = 1, max = 8) int orientation,
            @ForAll ResizeFilter filter,
            @ForAll long seed)
            throws IOException {
        RgbImage image = random(width, height, seed);
        Random places = new Random(seed);
        int x = places.nextInt(targetWidth);
        int y = places.nextInt(targetHeight);
        int columns = 1 + places.nextInt(targetWidth - x);
        int rows = 1 + places.nextInt(targetHeight - y);
        RgbImage window = PillowResize.resize(
                image.stored(),
                Orientation.ofExif(orientation),
                new PillowResize.Window(targetWidth, targetHeight, x, y, columns, rows),
                filter);
        assertThat(window)
                .isEqualTo(PillowResize.resize(turned(orientation, image), targetWidth, targetHeight, filter)
                        .crop(x, y, columns, rows));
    }

    @Test
    void refusesEmptyTargets() {
        var image = new RgbImage(1, 1, new byte[3]);
        assertThatThrownBy(() -> PillowResize.resize(image, 0, 5, ResizeFilter.BICUBIC))
                .hasMessage("The target size must be positive, found 0 x 5.");
        assertThatThrownBy(() -> new RgbImage(2, 2, new byte[3]))
                .hasMessage("An RGB image of 2 x 2 needs 12 bytes, found 3; sides must be positive.");
    }
}
