package io.llm2clip.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.awt.Rectangle;
import java.io.IOException;
import java.util.HashSet;
import java.util.Iterator;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** Against torchvision and Pillow, see {@code tests/reference/random_crops.py}. */
class RandomCropTest {
    private static RgbImage random(int width, int height) {
        byte[] pixels = new byte[3 * width * height];
        new Random(width).nextBytes(pixels);
        return new RgbImage(width, height, pixels);
    }

    private static Rectangle rectangle(JsonNode box) {
        return new Rectangle(
                box.get(0).intValue(),
                box.get(1).intValue(),
                box.get(2).intValue(),
                box.get(3).intValue());
    }

    @Test
    void boxesAreThoseOfTorchvision() throws IOException {
        int cases = 0;
        for (JsonNode each : Goldens.json("random-crops.json").get("boxes")) {
            RandomCrop crop = new RandomCrop(
                    each.get("scale").get(0).doubleValue(),
                    each.get("scale").get(1).doubleValue());
            Iterator<JsonNode> uniform = each.get("uniform").iterator();
            Rectangle box = crop.box(
                    each.get("size").get(0).intValue(),
                    each.get("size").get(1).intValue(),
                    () -> uniform.next().doubleValue());
            assertThat(box).as("%s", each).isEqualTo(rectangle(each.get("box")));
            assertThat(uniform.hasNext()).isFalse();
            cases++;
        }
        assertThat(cases).isEqualTo(300);
    }

    @Test
    void pixelsAreThoseOfPillow() throws IOException {
        JsonNode golden = Goldens.json("random-crops.json");
        RgbImage image = new RgbImage(27, 20, bytes(golden.get("pixels")));
        RgbImage crop = PillowResize.resize(image.crop(3, 2, 22, 17), 8, 8, ResizeFilter.BICUBIC);
        assertThat(crop.pixels()).isEqualTo(bytes(golden.get("crop")));
    }

    private static byte[] bytes(JsonNode values) {
        byte[] bytes = new byte[values.size()];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) values.get(i).intValue();
        }
        return bytes;
    }

    @Test
    void viewsAreAFunctionOfTheSeed() {
        RgbImage image = random(160, 130);
        Set<RgbImage> views = new HashSet<>();
        for (long seed = 0; seed < 50; seed++) {
            RgbImage view = RandomCrop.STAGE_2.of(image, 8, ResizeFilter.BICUBIC, seed);
            assertThat(view).isEqualTo(RandomCrop.STAGE_2.of(image, 8, ResizeFilter.BICUBIC, seed));
            assertThat(view.width()).isEqualTo(8);
            assertThat(view.height()).isEqualTo(8);
            views.add(view);
        }
        assertThat(views).hasSizeGreaterThan(40);
        assertThatThrownBy(() -> new RandomCrop(0.9, 1.1))
                .hasMessage("Crop areas must satisfy 0 < smallest <= largest <= 1, found 0.9 and 1.1.");
    }
}
