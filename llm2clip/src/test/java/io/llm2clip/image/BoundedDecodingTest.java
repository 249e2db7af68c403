package io.llm2clip.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.llm2clip.data.InputException;
import java.awt.image.BufferedImage;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Pictures of any proportions and sizes, within a bound on memory. */
class BoundedDecodingTest {
    private static final DecodingMemory LITTLE = new DecodingMemory(2048);

    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(
            strings = {
                "rgb.png",
                "rgb16.png",
                "palette.png",
                "bilevel.png",
                "gray-alpha.png",
                "rgb.gif",
                "part-of-canvas.gif",
                "rgb.bmp",
                "lossless.webp",
                "lossy.webp",
                "animated.webp",
                "rgb.jpg",
                "progressive.jpg",
                "rgb420.jpg",
                "cmyk.jpg",
                "cmyk.tif",
                "turned.tif",
                "orientation5.jpg",
                "orientation6.jpg",
                "orientation7.jpg",
                "orientation8.jpg",
                "orientation6.png"
            })
    void inStripsAPictureIsTheSame(String file) throws Exception {
        Path path = Files.write(folder.resolve(file), Goldens.bytes(file));
        for (Preprocessing preprocessing : new Preprocessing[] {Preprocessing.clip(9), Preprocessing.siglip(50)}) {
            for (boolean upright : new boolean[] {false, true}) {
                ImageReader reader = ImageReader.DEFAULT.withExifOrientation(upright);
                assertThat(reader.resized(path, preprocessing, LITTLE))
                        .isEqualTo(preprocessing.resized(reader.decode(Goldens.bytes(file), file)));
            }
        }
    }

    @ParameterizedTest
    @CsvSource({
        "65500,1,png",
        "1,65500,png",
        "200000,1,png",
        "1,200000,png",
        "65500,1,jpg",
        "1,65500,jpg",
        "65500,1,gif",
        "1,60000,bmp",
        "150000,2,tiff"
    })
    void anyProportionsAreReadInLittleMemory(int width, int height, String format) throws Exception {
        BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        // The middle of the picture, which is all that is kept, is red.
        for (int x = 0; x < width; x++) {
            for (int y = 0; y < height; y++) {
                boolean middle = Math.abs(2 * x - width) < 64 && Math.abs(2 * y - height) < 64;
                image.setRGB(x, y, middle ? 0xff0000 : 0x00ff00);
            }
        }
        Path file = folder.resolve("thin." + format);
        assertThat(ImageIO.write(image, format, file.toFile())).isTrue();
        RgbImage square = ImageReader.DEFAULT.resized(file, Preprocessing.clip(224));
        for (int pixel : new int[] {0, 224 * 112 + 112, 224 * 224 - 1}) {
            assertThat(square.pixels()[3 * pixel] & 0xff).isGreaterThan(250);
            assertThat(square.pixels()[3 * pixel + 1] & 0xff).isLessThan(5);
        }
    }

    @Test
    void memoryIsSharedByThreadsAndALargePictureIsDecodedAlone() throws Exception {
        DecodingMemory memory = new DecodingMemory(100 * 1024);
        AtomicLong used = new AtomicLong();
        AtomicLong most = new AtomicLong();
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            long bytes = i == 3 ? 500 * 1024 : 40 * 1024;
            threads.add(Thread.ofPlatform().start(() -> {
                for (int turn = 0; turn < 50; turn++) {
                    try (DecodingMemory.Lease _ = memory.take(bytes)) {
                        most.accumulateAndGet(used.addAndGet(Math.min(bytes, memory.bytes())), Math::max);
                        Thread.onSpinWait();
                        used.addAndGet(-Math.min(bytes, memory.bytes()));
                    } catch (InterruptedIOException e) {
                        throw new AssertionError(e);
                    }
                }
            }));
        }
        for (Thread thread : threads) {
            thread.join();
        }
        assertThat(most.get()).isLessThanOrEqualTo(memory.bytes());
        assertThat(used.get()).isZero();
    }

    @Test
    void aPictureOfTwoHundredMegapixelsIsRead() throws Exception {
        // One bit a pixel, so that the test needs 25 MB where a decoder that makes RGB of everything needs 600.
        BufferedImage image = new BufferedImage(20_000, 10_000, BufferedImage.TYPE_BYTE_BINARY);
        Path file = folder.resolve("phone.png");
        ImageIO.write(image, "png", file.toFile());
        RgbImage square = ImageReader.DEFAULT.resized(file, Preprocessing.clip(16), new DecodingMemory(8 << 20));
        assertThat(square.pixels()).containsOnly((byte) 0);
    }

    @Test
    void errorsOfDecodersAreThePicturesAndFreeItsMemory() throws Exception {
        Path file = Files.write(folder.resolve("error.png"), Goldens.bytes("rgb.png"));
        DecodingMemory memory = new DecodingMemory(4096);
        for (Throwable error :
                List.of(new OutOfMemoryError("x"), new StackOverflowError(), new IllegalStateException())) {
            assertThatThrownBy(() -> ImageReader.DEFAULT.read(file, memory, (_, _) -> {
                        switch (error) {
                            case Error thrown -> throw thrown;
                            case RuntimeException thrown -> throw thrown;
                            default -> throw new AssertionError(error);
                        }
                    }))
                    .isInstanceOf(InputException.class)
                    .hasMessageStartingWith("The image " + file + " cannot be decoded (")
                    .hasCause(error);
        }
        memory.take(memory.bytes()).close();
    }

    @Test
    void aPictureThatNoHeapHoldsCostsThatPictureOnly() throws Exception {
        Path tooLarge = Files.write(folder.resolve("huge.bmp"), bitmapHeader(2_000_000, 1_000));
        Path good = Files.write(folder.resolve("good.png"), Goldens.bytes("rgb.png"));
        ImageReader reader = ImageReader.DEFAULT.withMaxPixels(Long.MAX_VALUE);
        try (ImageStream images =
                new ImageStream(ImageSource.ofFiles(List.of(tooLarge, good), reader, Preprocessing.clip(8)), 2)) {
            assertThat(images.next())
                    .isInstanceOfSatisfying(
                            ImageResult.Failure.class,
                            failure -> assertThat(failure.reason())
                                    .startsWith("The image " + tooLarge + " cannot be decoded ("));
            assertThat(images.next()).isInstanceOf(ImageResult.Read.class);
        }
    }

    @Test
    void whatFailsForLackOfMemoryIsTriedOnceMoreAlone() throws Exception {
        Path file = Files.write(folder.resolve("second.png"), Goldens.bytes("rgb.png"));
        DecodingMemory memory = new DecodingMemory(1 << 20);
        List<Thread.State> others = new ArrayList<>();
        RgbImage image = ImageReader.DEFAULT.read(file, memory, (pixels, orientation) -> {
            others.add(stateOfAnother(memory));
            if (others.size() == 1) {
                throw new OutOfMemoryError("others have it");
            }
            return UprightImage.of(pixels, orientation);
        });
        assertThat(image).isEqualTo(ImageReader.DEFAULT.read(file));
        assertThat(others).containsExactly(Thread.State.TERMINATED, Thread.State.WAITING);
        memory.take(memory.bytes()).close();
    }

    /** Whether another image, a small one, gets memory or waits. */
    private static Thread.State stateOfAnother(DecodingMemory memory) {
        Thread other = Thread.ofPlatform().start(() -> {
            try {
                memory.take(1024).close();
            } catch (InterruptedIOException e) {
                throw new AssertionError(e);
            }
        });
        while (other.getState() != Thread.State.TERMINATED && other.getState() != Thread.State.WAITING) {
            Thread.onSpinWait();
        }
        return other.getState();
    }

    @Test
    void anInterruptionEndsTheWaitForMemory() throws Exception {
        Path file = Files.write(folder.resolve("waiting.png"), Goldens.bytes("rgb.png"));
        DecodingMemory memory = new DecodingMemory(4096);
        CompletableFuture<String> message = new CompletableFuture<>();
        try (DecodingMemory.Lease _ = memory.take(4096)) {
            Thread reader = Thread.ofPlatform().start(() -> {
                try {
                    ImageReader.DEFAULT.read(file, memory, UprightImage::of);
                    message.complete("it was read");
                } catch (InputException e) {
                    message.complete(
                            e.getMessage() + " " + Thread.currentThread().isInterrupted());
                }
            });
            while (reader.getState() != Thread.State.WAITING) {
                Thread.onSpinWait();
            }
            reader.interrupt();
            assertThat(message.get(30, TimeUnit.SECONDS))
                    .isEqualTo("The image " + file + " cannot be decoded (it was interrupted). true");
        }
        assertThat(ImageReader.DEFAULT.read(file, memory, UprightImage::of)).isNotNull();
        Thread.currentThread().interrupt();
        assertThatThrownBy(() -> ImageReader.DEFAULT.read(file)).hasMessageEndingWith(" (it was interrupted).");
        assertThat(Thread.interrupted()).isTrue();
    }

    /** A header that promises more pixels than an array can hold. */
    private static byte[] bitmapHeader(int width, int height) {
        ByteBuffer header = ByteBuffer.allocate(200).order(ByteOrder.LITTLE_ENDIAN);
        header.put((byte) 'B').put((byte) 'M').putInt(0).putInt(0).putInt(54);
        header.putInt(40).putInt(width).putInt(height).putShort((short) 1).putShort((short) 24);
        return header.array();
    }
}
