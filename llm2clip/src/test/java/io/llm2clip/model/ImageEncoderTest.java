package io.llm2clip.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.llm2clip.data.FloatMatrix;
import io.llm2clip.data.InputException;
import io.llm2clip.image.ImageSource;
import io.llm2clip.image.ImageStream;
import io.llm2clip.image.Preprocessing;
import io.llm2clip.image.RgbImage;
import io.llm2clip.nn.Parameters;
import io.llm2clip.progress.Progress;
import io.llm2clip.tensor.Execution;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.IntFunction;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** On a tower of random weights. */
@Timeout(60)
class ImageEncoderTest {
    private static final Preprocessing PREPROCESSING = Preprocessing.miniature(16);

    private final Parameters parameters = new Parameters(3);
    private final ImageEncoder encoder =
            new ImageEncoder(TinyModel.create(parameters).vision(), Execution.cpu());

    @AfterEach
    void free() {
        encoder.close();
        parameters.close();
    }

    private static ImageSource images(int count) {
        Random random = new Random(1);
        List<RgbImage> images = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            byte[] pixels = new byte[3 * 16 * 16];
            random.nextBytes(pixels);
            images.add(new RgbImage(16, 16, pixels));
        }
        return ImageSource.ofSized(images, PREPROCESSING);
    }

    /** Another source's images, each read in a way of its own. */
    private record Through(ImageSource images, IntFunction<RgbImage> reading) implements ImageSource {
        /** Images 3, 40 and 41 of every hundred cannot be used. */
        static ImageSource partly(ImageSource images) {
            return new Through(images, index -> switch (index % 100) {
                case 3 -> throw new InputException("broken");
                case 40 -> throw new OutOfMemoryError("Java heap space");
                case 41 -> throw new IllegalStateException("a bug of a decoder");
                default -> images.read(index);
            });
        }

        /** One is noticed when it is read. */
        static ImageSource noticed(ImageSource images, int noticed, CountDownLatch read) {
            return new Through(images, index -> {
                if (index == noticed) {
                    read.countDown();
                }
                return images.read(index);
            });
        }

        @Override
        public int count() {
            return images.count();
        }

        @Override
        public String name(int index) {
            return "image " + index;
        }

        @Override
        public Preprocessing preprocessing() {
            return images.preprocessing();
        }

        @Override
        public RgbImage read(int index) {
            return reading.apply(index);
        }
    }

    @Test
    void anyNumberOfImagesIsEmbeddedAsEachAlone() {
        ImageSource images = images(1003);
        float[][] together = encoder.encode(images, Progress.Phase.NONE).toArrays();
        for (int i = 0; i < 1003; i++) {
            assertThat(encoder.encode(images.select(i), Progress.Phase.NONE).toArray(0))
                    .isEqualTo(together[i]);
        }
        for (int count : new int[] {0, 1, 2, 31, 32, 33, 63, 65}) {
            int[] first = new int[count];
            for (int i = 0; i < count; i++) {
                first[i] = 1002 - i;
            }
            FloatMatrix some = encoder.encode(images.select(first), Progress.Phase.NONE);
            assertThat(some.rows()).isEqualTo(count);
            for (int i = 0; i < count; i++) {
                assertThat(some.toArray(i)).isEqualTo(together[first[i]]);
            }
        }
    }

    @Test
    void resultsComeInOrderAndOnlyBrokenImagesAreMissing() {
        ImageSource images = images(305);
        FloatMatrix expected = encoder.encode(images, Progress.Phase.NONE);
        FloatMatrix embeddings = FloatMatrix.allocate(305, expected.columns());
        List<Integer> order = new ArrayList<>();
        List<String> reasons = new ArrayList<>();
        encoder.encode(
                Through.partly(images),
                (index, vector) -> {
                    order.add(index);
                    embeddings.accept(index, vector);
                },
                failure -> {
                    order.add(failure.index());
                    reasons.add(failure.reason());
                },
                Progress.Phase.NONE);
        assertThat(order).hasSize(305).isSorted();
        assertThat(reasons).hasSize(10);
        assertThat(reasons.subList(0, 2))
                .satisfiesExactly(
                        first -> assertThat(first).isEqualTo("broken"),
                        second -> assertThat(second).startsWith("The image image 40 cannot be read (it needs more"));
        for (int i = 0; i < 305; i++) {
            boolean broken = i % 100 == 3 || i % 100 == 40 || i % 100 == 41;
            assertThat(embeddings.toArray(i)).isEqualTo(broken ? new float[expected.columns()] : expected.toArray(i));
        }
        assertThatThrownBy(() -> encoder.encode(Through.partly(images), Progress.Phase.NONE))
                .isInstanceOf(InputException.class)
                .hasMessage("broken");
    }

    @Test
    void onlyBrokenImagesGiveNothing() {
        List<Integer> failed = new ArrayList<>();
        encoder.encode(
                Through.partly(images(100)).select(3, 40, 41),
                (index, _) -> {
                    throw new AssertionError(index);
                },
                failure -> failed.add(failure.index()),
                Progress.Phase.NONE);
        assertThat(failed).containsExactly(0, 1, 2);
    }

    /** The image after the first batch is read before the results of that batch are all taken. */
    @Test
    void whileABatchIsComputedTheNextIsRead() {
        CountDownLatch second = new CountDownLatch(1);
        ImageSource images = Through.noticed(images(64), ImageEncoder.BATCH + 1, second);
        encoder.encode(
                images,
                (index, _) -> {
                    try {
                        assertThat(index > 0 || second.await(30, TimeUnit.SECONDS))
                                .isTrue();
                    } catch (InterruptedException e) {
                        throw new AssertionError(e);
                    }
                },
                failure -> {
                    throw new AssertionError(failure);
                },
                Progress.Phase.NONE);
    }

    @Test
    void imagesAreReadAheadOfOtherWork() throws Exception {
        CountDownLatch read = new CountDownLatch(1);
        ImageSource images = images(40);
        try (ImageStream stream = ImageEncoder.read(Through.noticed(images, 1, read))) {
            assertThat(read.await(30, TimeUnit.SECONDS)).isTrue();
            assertThat(encoder.encode(stream, Progress.Phase.NONE).toArrays())
                    .isEqualTo(encoder.encode(images, Progress.Phase.NONE).toArrays());
        }
    }

    @Test
    void imagesOfAnotherSizeAreRefused() {
        assertThatThrownBy(() ->
                        encoder.encode(ImageSource.ofSized(List.of(), Preprocessing.clip(224)), Progress.Phase.NONE))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "The images are prepared for 224 x 224 pixels, the vision tower has 16 x 16; use the preprocessing of the tower.");
    }
}
