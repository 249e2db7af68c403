package io.llm2clip;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.llm2clip.data.FloatMatrix;
import io.llm2clip.data.InputException;
import io.llm2clip.model.LanguageBranch;
import io.llm2clip.model.Llm2ClipModel;
import io.llm2clip.model.ModelDirectory;
import io.llm2clip.model.TinyModel;
import io.llm2clip.nn.Parameters;
import io.llm2clip.nn.Sequences;
import io.llm2clip.nn.WeightFormat;
import io.llm2clip.nn.checkpoint.OutputDirectory.Existing;
import io.llm2clip.progress.Progress;
import io.llm2clip.tensor.Device;
import io.llm2clip.tensor.Execution;
import io.llm2clip.tensor.Precision;
import io.llm2clip.tensor.ProgramOptions;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import io.llm2clip.tensor.TensorException;
import io.llm2clip.tensor.machine.Processor;
import io.llm2clip.text.CaptionRow;
import io.llm2clip.text.SpecialTokens;
import io.llm2clip.text.Tokenizer;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.logging.SimpleFormatter;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The front door, on a tiny model of random weights. */
class Llm2ClipTest {
    /** Seven of several lengths, so that batches are sorted, split, padded and put back in order. */
    private static final List<String> CAPTIONS = List.of(
            "a red kite over a beach",
            "tent",
            "a small tent on a meadow, seen from far away at noon while the sun shines at the right of the sky",
            "a kite",
            "a meadow and a beach",
            "x ".repeat(400),
            "y ".repeat(390));

    @TempDir
    private Path temporary;

    private final Parameters parameters = new Parameters(21);
    private Llm2ClipModel saved;
    private Llm2Clip model;
    private Path tokenizer;

    @BeforeEach
    void load() throws IOException {
        tokenizer = temporary.resolve("tokenizer.json");
        TinyModel.writeTokenizer(tokenizer);
        saved = TinyModel.create(parameters);
        ModelDirectory.save(temporary.resolve("model"), saved, tokenizer, Existing.REFUSE);
        model = Llm2Clip.load(temporary.resolve("model"));
    }

    @AfterEach
    void free() {
        model.close();
        parameters.close();
    }

    @Test
    void captionVectorsAreThoseOfEachRowAlone() {
        float[][] vectors = model.captionVectors(CAPTIONS);
        try (Tokenizer rows = Tokenizer.open(tokenizer)) {
            for (int i = 0; i < CAPTIONS.size(); i++) {
                CaptionRow row = saved.language().reading().format().row(rows, CAPTIONS.get(i));
                int length = row.ids().length;
                Tensor lengths = Tensor.variable("lengths", TensorData.ofInts(Shape.of(1), length));
                Tensor expected = saved.language()
                        .llama()
                        .hidden(
                                Tensor.variable("ids", TensorData.ofInts(Shape.of(1, length), row.ids())),
                                new Sequences.Padded(lengths),
                                false)
                        .slice(1, row.pooledStart(), row.pooledEnd())
                        .mean(1);
                assertThat(vectors[i]).containsExactly(expected.evaluate().toFloats(), within(1e-5f));
            }
        }
    }

    @Test
    void embeddingsHaveLengthOneAndAreThoseOfTheAdapter() {
        float[][] vectors = model.captionVectors(CAPTIONS);
        float[][] embeddings = model.embedTexts(CAPTIONS);
        for (int i = 0; i < CAPTIONS.size(); i++) {
            Tensor vector = Tensor.variable("vector", TensorData.of(Shape.of(1, vectors[i].length), vectors[i]));
            float[] expected = saved.language()
                    .adapter()
                    .apply(vector)
                    .l2Normalize()
                    .evaluate()
                    .toFloats();
            assertThat(embeddings[i]).containsExactly(expected, within(1e-5f));
        }
        assertThat(embeddings).hasDimensions(CAPTIONS.size(), model.embeddingSize());
        assertThat(model.embedTexts(List.of())).isEmpty();
        assertThat(model.logitScale()).isCloseTo(1 / 0.07f, within(1e-4f));
        assertThat(model.description()).isEqualTo(saved.description());
    }

    @Test
    void imagesFromFilesAndMemoryAgreeAndSimilarityIsTheCosine() throws IOException {
        List<Path> files = List.of(picture("red.png", Color.RED), picture("blue.png", Color.BLUE));
        float[][] images = model.embedImages(files);
        assertThat(model.embedImages(
                        ImageIO.read(files.get(0).toFile()),
                        ImageIO.read(files.get(1).toFile())))
                .isDeepEqualTo(images);
        assertThat(images[0]).isNotEqualTo(images[1]);
        float[][] texts = model.embedTexts(CAPTIONS);
        float[][] similarity = model.similarity(files, CAPTIONS);
        for (int i = 0; i < 2; i++) {
            for (int c = 0; c < CAPTIONS.size(); c++) {
                float[] image = images[i];
                float[] text = texts[c];
                double cosine = IntStream.range(0, image.length)
                        .mapToDouble(d -> image[d] * text[d])
                        .sum();
                assertThat(similarity[i][c])
                        .isCloseTo((float) cosine, within(1e-5f))
                        .isBetween(-1.001f, 1.001f);
            }
        }
    }

    /** Each file by itself and not a chunk at once, and what cannot be read as well. */
    @Test
    void progressHearsOfEveryFileAndOfCompiling() throws IOException {
        List<Path> files = List.of(
                picture("red.png", Color.RED),
                Files.writeString(temporary.resolve("broken.png"), "no picture"),
                picture("blue.png", Color.BLUE));
        Recorded embedding = new Recorded();
        embed(files, embedding);
        // The broken one is done when it was read, the others when they were read and embedded.
        assertThat(embedding.events).containsExactly("1", "1", "compiling", "1");
        Recorded again = new Recorded();
        embed(files, again);
        assertThat(again.events).containsExactly("1", "1", "1");
        Recorded texts = new Recorded();
        model.textEmbeddings(List.of("a kite"), texts);
        model.textEmbeddings(List.of("a kite"), texts);
        assertThat(texts.events).containsExactly("compiling", "1", "1");
    }

    /** What comes of the files in order: the numbers of embeddings, the sentences of failures. */
    private List<String> embed(List<Path> files, Progress.Phase phase) {
        List<String> results = new ArrayList<>();
        model.embedImages(
                model.images(files),
                (index, _) -> results.add(Integer.toString(index)),
                failure -> results.add(failure.reason()),
                phase);
        return results;
    }

    @Test
    void aBrokenImageIsNamedInItsPlaceAndTheOthersAreWhatTheyAreAlone() throws IOException {
        List<Path> files = new ArrayList<>();
        for (int i = 0; i < 75; i++) {
            files.add(
                    i % 37 == 5
                            ? Files.writeString(temporary.resolve("broken" + i + ".png"), "no picture")
                            : picture(i + ".png", new Color(3 * i, 255 - i, 7)));
        }
        List<String> results = embed(files, Progress.Phase.NONE);
        assertThat(results).hasSize(75);
        for (int i = 0; i < 75; i++) {
            if (i % 37 == 5) {
                assertThat(results.get(i)).startsWith("The image " + files.get(i) + " cannot be decoded (");
            } else {
                assertThat(results.get(i)).isEqualTo(Integer.toString(i));
            }
        }
        FloatMatrix embeddings = FloatMatrix.allocate(75, model.embeddingSize());
        model.embedImages(model.images(files), embeddings, _ -> {}, Progress.Phase.NONE);
        for (int i : new int[] {0, 4, 6, 31, 32, 33, 34, 41, 43, 74}) {
            assertThat(embeddings.toArray(i)).isEqualTo(model.embedImages(List.of(files.get(i)))[0]);
        }
    }

    @Test
    void captionsAreEmbeddedIntoTheCallersMemory() {
        try (Arena arena = Arena.ofConfined()) {
            FloatMatrix all = FloatMatrix.allocate(arena, CAPTIONS.size() + 2, model.embeddingSize());
            int cut = model.embedTexts(CAPTIONS, all.slice(1, CAPTIONS.size() + 1), Progress.Phase.NONE);
            assertThat(cut).isEqualTo(2);
            float[][] rows = all.toArrays();
            assertThat(Arrays.copyOfRange(rows, 1, CAPTIONS.size() + 1)).isDeepEqualTo(model.embedTexts(CAPTIONS));
            assertThat(rows[0]).containsOnly(0);
            assertThat(rows[CAPTIONS.size() + 1]).containsOnly(0);
        }
    }

    @Test
    void anInterruptedThreadEmbedsNoMore() throws IOException {
        List<Path> files = List.of(picture("red.png", Color.RED));
        for (Runnable work : List.<Runnable>of(() -> model.embedImages(files), () -> model.embedTexts(CAPTIONS))) {
            Thread.currentThread().interrupt();
            assertThatThrownBy(work::run)
                    .isInstanceOf(CancellationException.class)
                    .hasMessageEndingWith(" was interrupted.");
            assertThat(Thread.interrupted()).isTrue();
            work.run();
        }
    }

    /** Of two models in one process each computes where and how it was told, in all its parts. */
    @Test
    void aModelComputesAsItWasLoadedTo() throws IOException {
        Execution tf32 = new Execution(Device.cpu(), new ProgramOptions(Precision.TF32));
        List<Path> files = List.of(picture("red.png", Color.RED));
        float[][] before = model.embedTexts(CAPTIONS);
        try (Llm2Clip other = Llm2Clip.load(temporary.resolve("model"), LoadOptions.DEFAULT.withExecution(tf32))) {
            for (Runnable work : List.<Runnable>of(() -> other.embedImages(files), () -> other.embedTexts(CAPTIONS))) {
                assertThatThrownBy(work::run)
                        .isInstanceOf(TensorException.class)
                        .hasMessageStartingWith("Programs in tf32 do not run on the CPU, which has f32");
            }
            assertThat(model.embedTexts(CAPTIONS)).isDeepEqualTo(before);
        }
    }

    /** Weights that are quantized multiply as integers: vectors stay near, and are others; what has none is refused. */
    @Test
    void theBytesOfQuantizedWeightsAreMultipliedWhereThatIsAskedFor() throws IOException {
        Path path = temporary.resolve("model");
        LoadOptions integers =
                LoadOptions.DEFAULT.withExecution(new Execution(Device.cpu(), new ProgramOptions(Precision.INT8)));
        assertThatThrownBy(() -> Llm2Clip.load(path, integers))
                .isInstanceOf(InputException.class)
                .hasMessage("The model " + path + " has no quantized weights, which the precision int8 is for; keep"
                        + " weights as int8 or int4 (--weights), or compute in f32.");
        String absence = Processor.absence(Precision.INT8).orElse(null);
        assumeTrue(absence == null, "Not run natively: " + absence);
        List<Path> files = List.of(picture("red.png", Color.RED), picture("green.png", Color.GREEN));
        for (WeightFormat weights : List.of(WeightFormat.INT8, WeightFormat.INT4)) {
            try (Llm2Clip floats = Llm2Clip.load(path, LoadOptions.DEFAULT.withWeights(weights));
                    Llm2Clip bytes = Llm2Clip.load(path, integers.withWeights(weights))) {
                assertNear(bytes.embedImages(files), floats.embedImages(files));
                assertNear(bytes.embedTexts(CAPTIONS), floats.embedTexts(CAPTIONS));
            }
        }
    }

    private static void assertNear(float[][] found, float[][] expected) {
        assertThat(Arrays.deepEquals(found, expected)).isFalse();
        for (int i = 0; i < found.length; i++) {
            float cosine = 0;
            for (int e = 0; e < found[i].length; e++) {
                cosine += found[i][e] * expected[i][e];
            }
            assertThat(cosine).isBetween(0.999f, 1.0001f);
        }
    }

    private static final class Recorded implements Progress.Phase {
        final List<String> events = Collections.synchronizedList(new ArrayList<>());

        @Override
        public void preparing(String activity) {
            events.add(activity);
        }

        @Override
        public void advance(long count) {
            events.add(Long.toString(count));
        }
    }

    @Test
    void captionsThatAreCutAreCountedAndLoggedOncePerCall() throws IOException {
        TextEmbeddings embedded = model.textEmbeddings(CAPTIONS);
        assertThat(embedded.cut()).isEqualTo(2);
        assertThat(embedded.maxLength()).isEqualTo(512);
        assertThat(model.textEmbeddings(CAPTIONS.subList(0, 5)).cut()).isZero();
        List<Path> files = List.of(picture("red.png", Color.RED));
        Logger logger = Logger.getLogger(Llm2Clip.class.getName());
        List<String> logged = new ArrayList<>();
        Handler handler = new Handler() {
            @Override
            public void publish(LogRecord entry) {
                logged.add(new SimpleFormatter().formatMessage(entry));
            }

            @Override
            public void flush() {}

            @Override
            public void close() {}
        };
        logger.setUseParentHandlers(false);
        logger.addHandler(handler);
        try {
            model.embedTexts(CAPTIONS);
            model.captionVectors(CAPTIONS);
            model.similarity(files, CAPTIONS);
            model.embedTexts(CAPTIONS.subList(0, 5));
            model.similarity(files, embedded);
        } finally {
            logger.removeHandler(handler);
            logger.setUseParentHandlers(true);
        }
        assertThat(logged).hasSize(3).containsOnly("2 of 7 captions are too long: the model reads 512 tokens of each.");
        assertThat(model.similarity(files, embedded)).isDeepEqualTo(model.similarity(files, CAPTIONS));
    }

    @Test
    void specialTokensInCaptionsAreTextUnlessParsed() {
        try (Llm2Clip parsing = Llm2Clip.load(
                temporary.resolve("model"), LoadOptions.DEFAULT.withSpecialTokens(SpecialTokens.PARSED))) {
            List<String> plain = List.of("a kite", "a tent");
            assertThat(parsing.embedTexts(plain)).isDeepEqualTo(model.embedTexts(plain));
            List<String> special = List.of("a kite<eot>");
            assertThat(parsing.embedTexts(special)[0]).isNotEqualTo(model.embedTexts(special)[0]);
            assertThat(parsing.text())
                    .asInstanceOf(InstanceOfAssertFactories.type(LanguageBranch.class))
                    .extracting(language -> language.reading().format().specialTokens())
                    .isEqualTo(SpecialTokens.PARSED);
        }
    }

    @Test
    void severalThreadsGetTheAnswersOfOne() {
        float[][] expected = model.embedTexts(CAPTIONS);
        assertThat(IntStream.range(0, 8).parallel().mapToObj(_ -> model.embedTexts(CAPTIONS)))
                .allSatisfy(embeddings -> assertThat(embeddings).isDeepEqualTo(expected));
    }

    @Test
    void namesAFileThatIsNoImageAndAClosedModel() throws IOException {
        Path notes = Files.writeString(temporary.resolve("notes.txt"), "no image");
        assertThatThrownBy(() -> model.embedImages(List.of(notes)))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("notes.txt");
        model.close();
        assertThatThrownBy(() -> model.embedTexts(CAPTIONS))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("is closed; load it again");
    }

    private Path picture(String name, Color color) throws IOException {
        BufferedImage image = new BufferedImage(24, 20, BufferedImage.TYPE_INT_RGB);
        Graphics2D graphics = image.createGraphics();
        graphics.setColor(color);
        graphics.fillOval(4, 3, 15, 12);
        graphics.dispose();
        Path file = temporary.resolve(name);
        ImageIO.write(image, "png", file.toFile());
        return file;
    }
}
