package io.llm2clip.bench;

import io.llm2clip.data.FloatMatrix;
import io.llm2clip.evaluation.Ranks;
import io.llm2clip.evaluation.RetrievalMetrics;
import io.llm2clip.evaluation.ScratchVectors;
import io.llm2clip.tensor.machine.Processor;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.lang.management.MemoryType;
import java.lang.management.MemoryUsage;
import java.util.Arrays;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * Exact ranking of images and captions, both ways, of any numbers: time, and what the Java heap had at most. The vectors are random, a
 * caption's those of its image with noise. Ranks of some queries are compared with a plain count in double precision, which may differ where
 * two cosines are equal in f32.
 *
 * <p>Arguments: numbers of images, of captions for each, and of values of a vector (1000, 1000, 768).
 */
public final class RankingBench {
    private static final int CHECKED = 4;
    private static final int CLOSE = 3;
    private static final float NOISE = 12;

    private RankingBench() {}

    public static void main(String[] arguments) {
        int images = argument(arguments, 0, 1000);
        int captionsEach = argument(arguments, 1, 1000);
        int width = argument(arguments, 2, 768);
        int captions = Math.multiplyExact(images, captionsEach);
        try (ScratchVectors memory = new ScratchVectors()) {
            FloatMatrix image = memory.allocate(images, width);
            FloatMatrix caption = memory.allocate(captions, width);
            fill(image, caption, captionsEach);
            int[] imageOf = IntStream.range(0, captions)
                    .map(each -> each / captionsEach)
                    .toArray();
            long start = System.nanoTime();
            RetrievalMetrics found = RetrievalMetrics.of(image, caption, imageOf);
            double seconds = (System.nanoTime() - start) / 1e9;
            check(image, caption, captionsEach, found.textRetrieval());
            System.out.printf(
                    Locale.ROOT,
                    "%,d images, %,d captions, %d values: %.1f s, %.0f GFLOP/s on %d threads; heap %,d MB at most; R@1 of images %.3f, of captions %.3f%n",
                    images,
                    captions,
                    width,
                    seconds,
                    2.0 * images * captions * width / seconds / 1e9,
                    Processor.threadCount(),
                    ManagementFactory.getMemoryPoolMXBeans().stream()
                                    .filter(pool -> pool.getType() == MemoryType.HEAP)
                                    .map(MemoryPoolMXBean::getPeakUsage)
                                    .mapToLong(MemoryUsage::getUsed)
                                    .sum()
                            >> 20,
                    found.textRetrieval().recall(1),
                    found.imageRetrieval().recall(1));
        }
    }

    private static int argument(String[] arguments, int number, int otherwise) {
        return arguments.length > number ? Integer.parseInt(arguments[number]) : otherwise;
    }

    private static void fill(FloatMatrix images, FloatMatrix captions, int captionsEach) {
        Processor.parallel(images.rows(), image -> {
            SplittableRandom random = new SplittableRandom(image);
            float[] center = normal(random, images.columns());
            images.accept(image, MemorySegment.ofArray(center));
            for (int i = 0; i < captionsEach; i++) {
                float[] near = normal(random, images.columns());
                for (int d = 0; d < near.length; d++) {
                    near[d] = center[d] + NOISE * near[d];
                }
                captions.accept(image * captionsEach + i, MemorySegment.ofArray(near));
            }
        });
    }

    private static float[] normal(SplittableRandom random, int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    /** Captions that come before an image's best one, counted plainly. */
    private static void check(FloatMatrix images, FloatMatrix captions, int captionsEach, Ranks found) {
        float[] query = new float[images.columns()];
        float[] candidate = new float[images.columns()];
        for (int image = 0; image < images.rows(); image += Math.ceilDiv(images.rows(), CHECKED)) {
            images.copyRow(image, query);
            double[] cosines = new double[captions.rows()];
            for (int i = 0; i < cosines.length; i++) {
                captions.copyRow(i, candidate);
                cosines[i] = cosine(query, candidate);
            }
            int first = image * captionsEach;
            double best =
                    Arrays.stream(cosines, first, first + captionsEach).max().orElseThrow();
            long before = Arrays.stream(cosines).filter(other -> other > best).count();
            if (Math.abs(found.ranks()[image] - before) > CLOSE) {
                throw new IllegalStateException("Image %d: expected %d captions before its own, found %d."
                        .formatted(image, before, found.ranks()[image]));
            }
        }
    }

    private static double cosine(float[] a, float[] b) {
        double product = 0;
        double squaresOfA = 0;
        double squaresOfB = 0;
        for (int i = 0; i < a.length; i++) {
            product += (double) a[i] * b[i];
            squaresOfA += (double) a[i] * a[i];
            squaresOfB += (double) b[i] * b[i];
        }
        return product / Math.sqrt(squaresOfA * squaresOfB);
    }
}
