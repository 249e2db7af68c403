package io.llm2clip.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.llm2clip.data.Directions;
import io.llm2clip.data.FloatMatrix;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class BothWaysTest {
    /** Two images with five captions each, as Flickr30k has them; an embedding is a direction in the plane. */
    @Test
    void fiveCaptionsPerImageCountAsPublished() {
        FloatMatrix images = Directions.of(0, 90);
        // Five of the first image, then five of the second.
        FloatMatrix captions = Directions.of(30, 80, 60, 50, 20, 85, 10, 70, 40, 89);
        int[] imageOf = {0, 0, 0, 0, 0, 1, 1, 1, 1, 1};
        RetrievalMetrics metrics = RetrievalMetrics.of(images, captions, imageOf);
        BothWays ways = BothWays.of(metrics);
        // A caption is nearer to the first image below 45 degrees: 30 and 20 of its own; 85, 70, 89 are right for the
        // second.
        assertThat(ways.textToImage().r1()).isEqualTo(5 / 10.0);
        assertThat(ways.textToImage().r5()).isEqualTo(1);
        // The first image has at 10 degrees a caption of the other nearest, its own only second; the second has its
        // own.
        assertThat(ways.imageToText().r1()).isEqualTo(1 / 2.0);
        assertThat(ways.imageToText().r5()).isEqualTo(1);
        // The first image finds none, two of its five captions find it; the second finds one, three find it.
        assertThat(metrics.hitsByImage(1, imageOf))
                .containsExactly(new double[] {(0 + 2 / 5.0) / 2, (1 + 3 / 5.0) / 2}, within(1e-12));
    }

    @Test
    void imagesWithMoreCaptionsCountMore() {
        int[] imageOf = {0, 1, 1, 1};
        FloatMatrix images = Directions.of(0, 90);
        FloatMatrix captions = Directions.of(10, 80, 20, 70);
        RetrievalMetrics metrics = RetrievalMetrics.of(images, captions, imageOf);
        BothWays ways = BothWays.of(metrics);
        assertThat(ways.textToImage().r1()).isEqualTo(3 / 4.0);
        // One of one caption and two of three, where a caption counts 2 images / 4 captions.
        assertThat(metrics.captionHitsByImage(1, imageOf))
                .containsExactly(new double[] {1 / 2.0, 2 / 2.0}, within(1e-12));
        assertThat(Arrays.stream(metrics.hitsByImage(1, imageOf)).average().orElseThrow())
                .isCloseTo((ways.imageToText().r1() + ways.textToImage().r1()) / 2, within(1e-12));
    }

    @Test
    void theMeanOfLanguagesCountsEachTheSame() {
        BothWays one = new BothWays(new Recall(0.2, 0.4, 0.6), new Recall(0.1, 0.3, 0.5));
        BothWays other = new BothWays(new Recall(0.4, 0.6, 1), new Recall(0.3, 0.5, 0.9));
        BothWays mean = BothWays.mean(List.of(one, other));
        assertThat(mean.imageToText().r1()).isCloseTo(0.3, within(1e-12));
        assertThat(mean.textToImage().r10()).isCloseTo(0.7, within(1e-12));
    }
}
