package io.llm2clip.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.llm2clip.data.FloatMatrix;
import io.llm2clip.text.CaptionKinds;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class CaptionRetrievalTest {
    /** Long captions of an image point its way, short ones always the first image's. */
    private static FloatMatrix vectors(List<String> captions) {
        return FloatMatrix.of(captions.stream()
                .map(caption -> {
                    float[] vector = new float[4];
                    vector[caption.length() < 8 ? 0 : caption.charAt(0) - 'a'] = 1;
                    return vector;
                })
                .toArray(float[][]::new));
    }

    private static CaptionRetrieval measure(List<List<String>> captions) {
        return CaptionRetrieval.measure(
                captions,
                each -> CaptionKinds.of(each.stream().mapToInt(String::length).toArray()),
                CaptionRetrievalTest::vectors);
    }

    @Test
    void pairingsAreMeasuredApart() {
        CaptionRetrieval found = measure(List.of(
                List.of("a", "a long one", "a longer one"),
                List.of("b", "b long one", "b longer one"),
                List.of("c long one", "c", "c longer one"),
                List.of("d long one", "d longer one")));
        assertThat(found.scores().keySet()).containsExactly(CaptionRetrieval.LONG_LONG, CaptionRetrieval.SHORT_LONG);
        assertThat(found.scores().get(CaptionRetrieval.LONG_LONG)).isEqualTo(new CaptionRetrieval.Score(4, 1));
        CaptionRetrieval.Score mixed = found.scores().get(CaptionRetrieval.SHORT_LONG);
        assertThat(mixed.images()).isEqualTo(3);
        // Every short caption finds image a; of the long ones, a's finds its short one.
        assertThat(mixed.accuracy()).isCloseTo(1.0 / 3, within(1e-9));
    }

    @Test
    void thereIsNoAccuracyOverNothing() {
        assertThat(measure(List.of()).scores()).isEmpty();
        assertThat(measure(List.of(List.of("a", "a long one"), List.of("b long one")))
                        .scores())
                .isEmpty();
        // A caption that is there twice finds itself, which says nothing.
        assertThat(measure(List.of(List.of("a long one", "a long one"), List.of("b long one", "b long one")))
                        .scores())
                .isEmpty();
    }

    @Test
    void changesAreOfOnePairing() {
        CaptionRetrieval before = new CaptionRetrieval(Map.of("longLong", new CaptionRetrieval.Score(5, 0.25)));
        CaptionRetrieval after = new CaptionRetrieval(
                Map.of("longLong", new CaptionRetrieval.Score(5, 0.75), "shortLong", new CaptionRetrieval.Score(5, 1)));
        assertThat(after.since(before)).isEqualTo(Map.of("longLong", new CaptionRetrieval.Change(5, 0.25, 0.75)));
        assertThat(CaptionRetrieval.name("longLong")).isEqualTo("two long captions");
    }
}
