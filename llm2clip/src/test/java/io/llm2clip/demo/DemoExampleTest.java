package io.llm2clip.demo;

import static org.assertj.core.api.Assertions.assertThat;

import io.llm2clip.data.Directions;
import io.llm2clip.data.FloatMatrix;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class DemoExampleTest {
    private static final List<String> CAPTIONS = List.of("a", "b", "c", "d", "e", "f", "g", "h", "i");

    /** Captions are directions of a circle, ten degrees apart, and images point at one of them, more or less. */
    @Test
    void theWidestMarginAndDistantOthersAreChosen() {
        FloatMatrix texts = Directions.of(0, 10, 20, 30, 40, 50, 60, 70, 80);
        // Image 8 points past the end of the row of captions, so no other caption is as near as its own by a wide
        // margin.
        FloatMatrix images = Directions.of(4, 14, 24, 34, 44, 54, 64, 74, 100);
        List<Path> files =
                IntStream.range(0, 9).mapToObj(i -> Path.of(i + ".png")).toList();
        DemoExample example = DemoExample.of(files, CAPTIONS, images, texts);
        assertThat(example.image()).isEqualTo("8.png");
        assertThat(example.captions()).containsExactly("f", "i", "d");
        assertThat(example.captions().get(example.right())).isEqualTo("i");
    }
}
