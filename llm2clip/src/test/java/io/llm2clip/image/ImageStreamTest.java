package io.llm2clip.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.llm2clip.data.InputException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class ImageStreamTest {
    private static final Preprocessing PREPROCESSING = Preprocessing.miniature(2);

    /** A source that makes its images. */
    private record Made(int count, IntFunction<RgbImage> make) implements ImageSource {
        @Override
        public String name(int index) {
            return "made " + index;
        }

        @Override
        public Preprocessing preprocessing() {
            return PREPROCESSING;
        }

        @Override
        public RgbImage read(int index) {
            return make.apply(index);
        }
    }

    private static RgbImage image(int index) {
        byte[] pixels = new byte[12];
        pixels[0] = (byte) index;
        return new RgbImage(2, 2, pixels);
    }

    private static List<ImageResult> all(ImageSource source, int ahead, ImageThreads threads) {
        List<ImageResult> results = new ArrayList<>();
        try (ImageStream stream = new ImageStream(source, ahead, threads)) {
            stream.forEachRemaining(results::add);
        }
        return results;
    }

    @Test
    void imagesComeInTheirOrderWhateverTheNumberOfThreads() {
        ImageSource source = new Made(200, index -> {
            Thread.yield();
            return image(index);
        });
        List<ImageResult> one = all(source, 1, new ImageThreads(1));
        assertThat(one).hasSize(200);
        for (int i = 0; i < 200; i++) {
            assertThat(one.get(i)).isEqualTo(new ImageResult.Read(i, image(i)));
        }
        assertThat(all(source, 37, new ImageThreads(5))).isEqualTo(one);
        assertThat(all(new Made(0, index -> image(index)), 3, new ImageThreads(2)))
                .isEmpty();
    }

    /** Whatever a decoder throws: the others are read, and the sentence names the image. */
    @Test
    void whatGoesWrongWithAnImageConcernsThatImage() {
        List<Throwable> errors = List.of(
                new InputException("The image x is broken."),
                new OutOfMemoryError("Java heap space"),
                new StackOverflowError(),
                new IllegalStateException("a bug"),
                new NullPointerException());
        List<ImageResult> results = all(
                new Made(15, index -> {
                    if (index % 3 == 1) {
                        switch (errors.get(index / 3)) {
                            case Error error -> throw error;
                            case RuntimeException exception -> throw exception;
                            default -> throw new AssertionError();
                        }
                    }
                    return image(index);
                }),
                4,
                new ImageThreads(3));
        assertThat(results.stream().filter(ImageResult.Read.class::isInstance)).hasSize(10);
        assertThat(results.stream()
                        .filter(ImageResult.Failure.class::isInstance)
                        .map(result -> ((ImageResult.Failure) result).reason()))
                .containsExactly(
                        "The image x is broken.",
                        "The image made 4 cannot be read (it needs more memory than Java's heap of %d MiB has; raise it with -Xmx)."
                                .formatted(Runtime.getRuntime().maxMemory() >> 20),
                        "The image made 7 cannot be read (it is nested too deeply).",
                        "The image made 10 cannot be read (a bug).",
                        "The image made 13 cannot be read (NullPointerException).");
    }

    /** A program that is broken is no matter of an image. */
    @Test
    void otherErrorsEndTheStream() {
        ImageSource source = new Made(5, index -> {
            throw new LinkageError("broken");
        });
        assertThatThrownBy(() -> all(source, 2, new ImageThreads(2)))
                .isInstanceOf(LinkageError.class)
                .hasMessage("broken");
    }

    @Test
    void noMoreThanAllowedAreReadAheadAndNoMoreThreadsWork() throws Exception {
        AtomicInteger begun = new AtomicInteger();
        AtomicInteger working = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        Set<String> threads = ConcurrentHashMap.newKeySet();
        ImageSource source = new Made(60, index -> {
            begun.incrementAndGet();
            threads.add(Thread.currentThread().getName());
            most.accumulateAndGet(working.incrementAndGet(), Math::max);
            Thread.yield();
            working.decrementAndGet();
            return image(index);
        });
        try (ImageStream stream = new ImageStream(source, 7, new ImageThreads(3))) {
            for (int taken = 1; stream.hasNext(); taken++) {
                stream.next();
                // Those that were taken, and seven ahead of them.
                assertThat(begun.get()).isLessThanOrEqualTo(taken + 7);
            }
        }
        assertThat(begun.get()).isEqualTo(60);
        assertThat(most.get()).isLessThanOrEqualTo(3);
        assertThat(threads).hasSizeLessThanOrEqualTo(3).allMatch(name -> name.startsWith("image-reader-"));
    }

    /** What makes reading overlap with computing: images are read although nobody asks for them yet. */
    @Test
    void theNextImagesAreReadWhileTheCallerWorks() throws Exception {
        CountDownLatch ahead = new CountDownLatch(5);
        ImageSource source = new Made(20, index -> {
            ahead.countDown();
            return image(index);
        });
        try (ImageStream stream = new ImageStream(source, 4, new ImageThreads(2))) {
            stream.next();
            assertThat(ahead.await(30, TimeUnit.SECONDS)).isTrue();
        }
    }

    @Test
    void anInterruptionEndsItPromptlyAndInterruptsWhatIsBeingRead() throws Exception {
        CountDownLatch begun = new CountDownLatch(2);
        CountDownLatch interrupted = new CountDownLatch(2);
        AtomicInteger reads = new AtomicInteger();
        ImageSource source = new Made(100, index -> {
            reads.incrementAndGet();
            begun.countDown();
            try {
                Thread.sleep(60_000);
            } catch (InterruptedException e) {
                interrupted.countDown();
            }
            return image(index);
        });
        Thread caller = Thread.currentThread();
        Thread.ofVirtual().start(() -> {
            try {
                begun.await();
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
            caller.interrupt();
        });
        assertThatThrownBy(() -> all(source, 10, new ImageThreads(2)))
                .isInstanceOf(CancellationException.class)
                .hasMessage("Reading images was interrupted.");
        assertThat(Thread.interrupted()).isTrue();
        assertThat(interrupted.await(30, TimeUnit.SECONDS)).isTrue();
        assertThat(reads.get()).isEqualTo(2);
    }

    @Test
    void brokenFilesInTheMiddleAreNamed(@TempDir Path folder) throws Exception {
        List<Path> files = new ArrayList<>();
        for (int i = 0; i < 9; i++) {
            files.add(Files.write(folder.resolve(i + ".png"), i == 4 ? new byte[0] : Goldens.bytes("rgb.png")));
        }
        files.add(folder.resolve("missing.png"));
        files.add(Files.createDirectory(folder.resolve("folder.png")));
        files.add(Files.write(folder.resolve("last.png"), Goldens.bytes("rgb.png")));
        List<ImageResult> results =
                all(ImageSource.ofFiles(files, ImageReader.DEFAULT, PREPROCESSING), 5, new ImageThreads(2));
        for (int i = 0; i < files.size(); i++) {
            if (i == 4 || i == 9 || i == 10) {
                assertThat(((ImageResult.Failure) results.get(i)).reason())
                        .startsWith("The image " + files.get(i) + " cannot be ");
            } else {
                assertThat(results.get(i)).isInstanceOf(ImageResult.Read.class);
            }
        }
    }
}
