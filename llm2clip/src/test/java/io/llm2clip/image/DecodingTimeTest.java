package io.llm2clip.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.llm2clip.data.InputException;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriteParam;
import javax.imageio.stream.ImageOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Pictures that are decoded for ever hold up nobody. */
class DecodingTimeTest {
    private static final DecodingThreads SHORT = new DecodingThreads(Duration.ofMillis(300));

    @TempDir
    Path folder;

    @Test
    void aDecoderThatNeverEndsIsGivenUpAndItsMemoryIsFree() throws Exception {
        Path file = Files.write(folder.resolve("a.png"), Goldens.bytes("rgb.png"));
        DecodingMemory memory = new DecodingMemory(1 << 20);
        CountDownLatch ended = new CountDownLatch(1);
        assertThatThrownBy(() -> ImageReader.DEFAULT.read(file, memory, SHORT, (_, _) -> {
                    while (!Thread.currentThread().isInterrupted()) {
                        Thread.onSpinWait();
                    }
                    // Longer than anybody waits.
                    await(ended);
                    throw new IOException("nobody hears this");
                }))
                .isInstanceOf(InputException.class)
                .hasMessage("The image %s cannot be decoded (decoding takes more than 0.3 seconds).", file);
        try (DecodingMemory.Lease all = memory.take(memory.bytes())) {
            assertThat(all).isNotNull();
        }
        ended.countDown();
    }

    @Test
    void waitingIsNotDecoding() throws Exception {
        Path file = Files.write(folder.resolve("a.png"), Goldens.bytes("rgb.png"));
        RgbImage image = ImageReader.DEFAULT.read(file, DecodingMemory.SHARED, SHORT, (pixels, orientation) -> {
            sleep(Duration.ofMillis(700));
            return UprightImage.of(pixels, orientation);
        });
        assertThat(image).isEqualTo(ImageReader.DEFAULT.read(file));
    }

    @Test
    void whoeverIsInterruptedInterruptsTheDecoder() throws Exception {
        Path file = Files.write(folder.resolve("a.png"), Goldens.bytes("rgb.png"));
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch ended = new CountDownLatch(1);
        AtomicReference<Throwable> failure = new AtomicReference<>();
        Thread caller = Thread.ofPlatform().start(() -> {
            try {
                ImageReader.DEFAULT.read(file, DecodingMemory.SHARED, DecodingThreads.SHARED, (_, _) -> {
                    begun.countDown();
                    while (!Thread.currentThread().isInterrupted()) {
                        Thread.onSpinWait();
                    }
                    ended.countDown();
                    throw new InterruptedIOException();
                });
            } catch (InputException e) {
                failure.set(e);
            }
        });
        assertThat(begun.await(30, TimeUnit.SECONDS)).isTrue();
        caller.interrupt();
        caller.join();
        assertThat(ended.await(30, TimeUnit.SECONDS)).isTrue();
        assertThat(failure.get()).hasMessage("The image %s cannot be decoded (it was interrupted).", file);
    }

    /** A scan of 2000 pixels a side takes milliseconds, two thousand of them, in 8 MB, a minute. */
    @Test
    void aJpegOfEndlessScansIsOneFailureAmongImages() throws Exception {
        List<Path> files = List.of(
                Files.write(folder.resolve("good.png"), Goldens.bytes("rgb.png")),
                Files.write(folder.resolve("scans.jpg"), repeatedScans(2000, 2000)),
                Files.write(folder.resolve("good.jpg"), repeatedScans(32, 1)));
        ImageSource source = new ImageSource() {
            @Override
            public int count() {
                return files.size();
            }

            @Override
            public String name(int index) {
                return files.get(index).toString();
            }

            @Override
            public Preprocessing preprocessing() {
                return Preprocessing.clip(8);
            }

            @Override
            public RgbImage read(int index) {
                return ImageReader.DEFAULT.read(
                        files.get(index), DecodingMemory.SHARED, SHORT, preprocessing()::resized);
            }
        };
        List<ImageResult> results = new ArrayList<>();
        try (ImageStream stream = new ImageStream(source, 3)) {
            stream.forEachRemaining(results::add);
        }
        assertThat(results.get(0)).isInstanceOf(ImageResult.Read.class);
        assertThat(results.get(1))
                .isEqualTo(new ImageResult.Failure(
                        1,
                        "The image %s cannot be decoded (decoding takes more than 0.3 seconds)."
                                .formatted(files.get(1))));
        assertThat(results.get(2)).isInstanceOf(ImageResult.Read.class);
    }

    /** A decoder that reads is stopped although it knows nothing of interrupts. */
    @Test
    void inputEndsWithItsThread() throws Exception {
        Path file = Files.write(folder.resolve("a.png"), Goldens.bytes("rgb.png"));
        for (ImageBytes bytes : List.of(ImageBytes.of(file), new ImageBytes.InMemory(Files.readAllBytes(file)))) {
            try (var input = bytes.open()) {
                assertThat(input.length()).isEqualTo(Files.size(file));
                assertThat(input.read()).isEqualTo(0x89);
                input.seek(1);
                assertThat(input.readLine()).isEqualTo("PNG");
                Thread.currentThread().interrupt();
                try {
                    assertThatThrownBy(input::read).isInstanceOf(InterruptedIOException.class);
                    assertThatThrownBy(() -> input.read(new byte[3])).isInstanceOf(InterruptedIOException.class);
                } finally {
                    assertThat(Thread.interrupted()).isTrue();
                }
            }
        }
    }

    /** A progressive JPEG whose first scan is there so many times. */
    private static byte[] repeatedScans(int size, int times) throws IOException {
        BufferedImage image = new BufferedImage(size, size, BufferedImage.TYPE_INT_RGB);
        Graphics2D graphics = image.createGraphics();
        graphics.setColor(Color.ORANGE);
        graphics.fillRect(0, 0, size, size);
        graphics.dispose();
        ByteArrayOutputStream content = new ByteArrayOutputStream();
        var writer = ImageIO.getImageWritersByFormatName("jpeg").next();
        try (ImageOutputStream output = ImageIO.createImageOutputStream(content)) {
            ImageWriteParam parameters = writer.getDefaultWriteParam();
            parameters.setProgressiveMode(ImageWriteParam.MODE_DEFAULT);
            writer.setOutput(output);
            writer.write(null, new IIOImage(image, null, null), parameters);
        } finally {
            writer.dispose();
        }
        byte[] jpeg = content.toByteArray();
        int start = marker(jpeg, 0, 0xda);
        int end = start + 2;
        while ((jpeg[end] & 0xff) != 0xff || jpeg[end + 1] == 0 || (jpeg[end + 1] & 0xf8) == 0xd0) {
            end++;
        }
        ByteArrayOutputStream repeated = new ByteArrayOutputStream();
        repeated.write(jpeg, 0, start);
        for (int i = 0; i < times; i++) {
            repeated.write(jpeg, start, end - start);
        }
        repeated.writeBytes(Arrays.copyOfRange(jpeg, end, jpeg.length));
        return repeated.toByteArray();
    }

    private static int marker(byte[] jpeg, int from, int code) {
        int at = from;
        while ((jpeg[at] & 0xff) != 0xff || (jpeg[at + 1] & 0xff) != code) {
            at++;
        }
        return at;
    }

    /** Whoever interrupts it. */
    private static void await(CountDownLatch latch) {
        for (boolean waiting = true; waiting; ) {
            try {
                waiting = !latch.await(60, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                // As decoders do.
                continue;
            }
        }
    }

    private static void sleep(Duration time) {
        try {
            Thread.sleep(time);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
