package io.llm2clip.image;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import java.util.stream.LongStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class AugmentationTest {
    private static RgbImage random(int width, int height) {
        byte[] pixels = new byte[3 * width * height];
        new Random(width * 31L + height).nextBytes(pixels);
        return new RgbImage(width, height, pixels);
    }

    @Property(tries = 100)
    void shiftedPixelsComeFromTheNearestPlaceInside(
            @ForAll @IntRange(min = -4, max = 4) int dx, @ForAll @IntRange(min = -4, max = 4) int dy) {
        RgbImage image = random(5, 4);
        RgbImage shifted = Augmentation.shift(image, dx, dy);
        for (int y = 0; y < 4; y++) {
            for (int x = 0; x < 5; x++) {
                int fromX = Math.max(0, Math.min(4, x - dx));
                int fromY = Math.max(0, Math.min(3, y - dy));
                assertThat(shifted.crop(x, y, 1, 1)).isEqualTo(image.crop(fromX, fromY, 1, 1));
            }
        }
    }

    @Test
    void everyShiftWithinReachOccursAndNoOther() {
        RgbImage image = random(9, 9);
        Set<RgbImage> possible = new HashSet<>();
        for (int dx = -2; dx <= 2; dx++) {
            for (int dy = -2; dy <= 2; dy++) {
                possible.add(Augmentation.shift(image, dx, dy));
            }
        }
        Set<RgbImage> seen = new HashSet<>();
        LongStream.range(0, 500).forEach(seed -> seen.add(Augmentation.randomShift(image, 2, seed)));
        assertThat(seen).isEqualTo(possible).hasSize(25);
    }
}
