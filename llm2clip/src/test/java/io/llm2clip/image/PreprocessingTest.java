package io.llm2clip.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;

/** Golden inputs: Pillow bicubic resize of the short side, centre crop, then {@code (x / 255 - mean) / std} in f32. */
class PreprocessingTest {
    static List<JsonNode> cases() throws Exception {
        return Goldens.cases("clip-preprocessing.json");
    }

    @ParameterizedTest
    @MethodSource("cases")
    void equalsTheReferenceToTheBit(JsonNode golden) {
        int size = golden.get("size").intValue();
        boolean floor = golden.get("rounding").stringValue().equals("FLOOR");
        Preprocessing preprocessing = floor ? Preprocessing.clip(size) : Preprocessing.torchvisionClip(size);
        float[] expected = new float[3 * size * size];
        ByteBuffer.wrap(Goldens.decode(golden.get("input")))
                .order(ByteOrder.LITTLE_ENDIAN)
                .asFloatBuffer()
                .get(expected);
        assertThat(preprocessing.apply(Goldens.image(golden, "source"))).isEqualTo(expected);
    }

    @Test
    void oddMarginsRoundAsTheReferenceOfEachVariant() {
        int[] floor = {0, 0, 1, 1, 2};
        int[] even = {0, 0, 1, 2, 2};
        for (int margin = 0; margin < 5; margin++) {
            assertThat(Preprocessing.CropRounding.FLOOR.half(margin)).isEqualTo(floor[margin]);
            assertThat(Preprocessing.CropRounding.HALF_EVEN.half(margin)).isEqualTo(even[margin]);
        }
    }

    @Test
    void theMiniatureUsesHalfAndQuarter() {
        float[] input = Preprocessing.miniature(1).apply(new RgbImage(1, 1, new byte[] {0, (byte) 255, 51}));
        assertThat(input).containsExactly(-2, 2, (51 / 255f - 0.5f) / 0.25f);
    }

    @Test
    void squashKeepsTheWholeImage() {
        byte[] pixels = new byte[3 * 4];
        pixels[9] = (byte) 255;
        RgbImage square = Preprocessing.siglip(2).resized(new RgbImage(4, 1, pixels));
        assertThat(square.width()).isEqualTo(2);
        assertThat(square.pixels()[3] & 0xff).isGreaterThan(square.pixels()[0] & 0xff);
    }

    @Test
    void refusesImagesOfAnotherSize() {
        assertThatThrownBy(() -> Preprocessing.clip(2)
                        .normalize(List.of(new RgbImage(1, 1, new byte[3])), MemorySegment.ofArray(new float[12])))
                .hasMessage("Expected an image of 2 x 2, found 1 x 1; resize it first.");
        assertThatThrownBy(() -> Preprocessing.clip(2)
                        .normalize(List.of(new RgbImage(2, 2, new byte[12])), MemorySegment.ofArray(new float[13])))
                .hasMessage("A target of 52 bytes for inputs that take 48.");
        assertThatThrownBy(() -> Preprocessing.clip(0)).hasMessageContaining("found size 0");
    }
}
