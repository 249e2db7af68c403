package io.llm2clip.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.llm2clip.Llm2Clip;
import io.llm2clip.LoadOptions;
import io.llm2clip.data.CaptionedImage;
import io.llm2clip.data.CaptionedImages;
import io.llm2clip.dataset.CaptionFolder;
import io.llm2clip.dataset.DataMix;
import io.llm2clip.evaluation.BothWays;
import io.llm2clip.evaluation.Searches;
import io.llm2clip.evaluation.sets.RetrievalSet;
import io.llm2clip.evaluation.suite.RetrievalEvaluation;
import io.llm2clip.image.ImageReader;
import io.llm2clip.model.CaptionsBy;
import io.llm2clip.model.LlamaConfig;
import io.llm2clip.model.ModelDirectory;
import io.llm2clip.model.TextModel;
import io.llm2clip.model.TextTowerModel;
import io.llm2clip.model.VisionConfig;
import io.llm2clip.nn.LoraSettings;
import io.llm2clip.nn.checkpoint.Checkpoint;
import io.llm2clip.nn.checkpoint.OutputDirectory.Existing;
import io.llm2clip.nn.optimizer.AdamW;
import io.llm2clip.progress.Progress;
import io.llm2clip.report.Gallery;
import io.llm2clip.report.GalleryFolder;
import io.llm2clip.tensor.EngineMemory;
import io.llm2clip.tensor.Execution;
import io.llm2clip.training.run.RunOptions;
import io.llm2clip.training.run.RunReport;
import io.llm2clip.training.run.StopRequest;
import io.llm2clip.training.run.StoppedException;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Whatever reads the captions of stage 2 is trained, saved, opened again and measured alike. */
class ClipTextTest {
    private static final int STEPS = 5;
    private static final VisionStart START =
            new VisionStart.FromScratch(VisionConfig.small(VisionConfig.Architecture.CLIP, 16, 8, 64, 1, 8));

    @TempDir
    static Path folder;

    private static Path training;
    private static Path validation;
    private static Path encoder;

    private final Notes notes = new Notes();

    /** All that may read captions. */
    enum Kind {
        CACHED,
        ONLINE,
        UPDATED,
        NEW_TOWER,
        BOTH,
        BOTH_ALIGNED,
        CONCATENATED_WITH_UPDATES;

        ClipText text(Path folder) {
            ClipText.Tower tower = new ClipText.Tower(
                    new ClipText.NewTower(new TextTowerModel.Size(300, 12, 32, 1)), Optional.empty());
            return switch (this) {
                case CACHED -> language(new ClipText.Cached(folder.resolve("vectors")));
                case ONLINE -> language(new ClipText.Online());
                case UPDATED -> language(new ClipText.Updated(LoraSettings.of(2, 4)));
                case NEW_TOWER -> tower;
                case BOTH -> new ClipText.Both(CACHED.language(folder), tower, TextStrategy.BOTH);
                case BOTH_ALIGNED -> new ClipText.Both(ONLINE.language(folder), tower, TextStrategy.BOTH_ALIGNED);
                case CONCATENATED_WITH_UPDATES ->
                    new ClipText.Both(UPDATED.language(folder), tower, TextStrategy.CONCATENATED);
            };
        }

        private ClipText.LanguageModel language(Path folder) {
            return (ClipText.LanguageModel) text(folder);
        }

        private static ClipText.LanguageModel language(ClipText.Reading reading) {
            return new ClipText.LanguageModel(encoder, reading, Optional.empty());
        }
    }

    @BeforeAll
    static void write() throws IOException {
        training = data("training", 13, 0);
        validation = data("validation", 5, 50);
        encoder = folder.resolve("text");
        try (TextModel text = TextModel.create(
                new LlamaConfig(300, 32, 48, 1, 2, 1, 16, 1e-5f, 10000, null, 512, false),
                3,
                folder.resolve("tokenizer.json"),
                Stream.of("a red kite over a beach", "a small tent on a meadow, seen from far above"))) {
            text.save(encoder, Map.of("stage_1.steps", "1"), Existing.REFUSE);
        }
    }

    private static Path data(String name, int images, int first) throws IOException {
        Path data = Files.createDirectories(folder.resolve(name));
        StringBuilder lines = new StringBuilder();
        for (int i = first; i < first + images; i++) {
            BufferedImage image = new BufferedImage(20, 20, BufferedImage.TYPE_INT_RGB);
            Random random = new Random(i);
            for (int pixel = 0; pixel < 400; pixel++) {
                image.setRGB(pixel % 20, pixel / 20, random.nextInt(1 << 24));
            }
            ImageIO.write(image, "png", data.resolve(i + ".png").toFile());
            lines.append("""
                    {"image": "%d.png", "captions": ["kite %d", "Over a beach with many people flies kite %d, which is %d feet long."]}
                    """.formatted(i, i, i, 3 * i));
        }
        Files.writeString(data.resolve("captions.jsonl"), lines);
        return data;
    }

    private ClipTrainingJob job(
            ClipText text, String out, StepOptions steps, boolean resume, StopRequest stop, Existing existing) {
        OptimizerSettings optimizer = new OptimizerSettings(1e-2f, 1, 0.05f, AdamW.Options.DEFAULT.withClipNorm(1));
        return new ClipTrainingJob(
                new ClipData(
                        DataMix.of(CaptionFolder.open(training)),
                        START.choices(),
                        ImageReader.DEFAULT,
                        new Validation.Data(validation)),
                text,
                START,
                new ClipTraining.Config(STEPS, 6, optimizer, 1, 1, 0, 7, steps, ParameterRules.NONE),
                folder.resolve(out),
                existing,
                Execution.cpu(),
                new RunOptions(folder.resolve(out + "-run"), resume, 2, 2, 3, List.of(), stop));
    }

    private ClipTrainingJob.Result train(ClipText text, String out, StepOptions steps) {
        return job(text, out, steps, false, new StopRequest(), Existing.REFUSE).run(notes);
    }

    private static Map<String, byte[]> weights(Path model) throws IOException {
        Map<String, byte[]> weights = new TreeMap<>();
        try (Stream<Path> files = Files.walk(model)) {
            for (Path file : files.filter(path -> path.toString().endsWith(".safetensors"))
                    .toList()) {
                weights.put(model.relativize(file).toString(), Files.readAllBytes(file));
            }
        }
        return weights;
    }

    private static BothWays evaluated(Path model) {
        return evaluated(model, LoadOptions.DEFAULT);
    }

    private static BothWays evaluated(Path model, CaptionsBy branches) {
        return evaluated(model, LoadOptions.DEFAULT.withCaptionsBy(branches));
    }

    private static BothWays evaluated(Path model, LoadOptions options) {
        try (Llm2Clip loaded = Llm2Clip.load(model, options)) {
            return RetrievalEvaluation.of(loaded, RetrievalSet.of(CaptionedImages.open(validation)), Progress.NONE)
                    .recall();
        }
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void isTrainedSavedAndMeasured(Kind kind) throws IOException {
        long before = EngineMemory.liveBytes();
        String name = "whole-" + kind;
        ClipText text = kind.text(folder);
        ClipTrainingJob.Result whole = train(text, name, StepOptions.PLAIN);
        Path model = folder.resolve(name);
        assertThat(EngineMemory.liveBytes()).isEqualTo(before);

        // The tower's window has 12 tokens, so that each image's long caption is cut.
        boolean narrow = kind == Kind.NEW_TOWER || text instanceof ClipText.Both;
        assertThat(whole.captions()).isEqualTo(2 * (13 + 5));
        assertThat(whole.cutCaptions()).isEqualTo(narrow ? 13 + 5 : 0);

        // Each branch is a model of its own, which finds what the training said.
        List<CaptionsBy> branches = new ArrayList<>(whole.retrieval().keySet());
        assertThat(branches.getFirst())
                .isEqualTo(kind == Kind.NEW_TOWER ? CaptionsBy.TEXT_TOWER : CaptionsBy.LANGUAGE_MODEL);
        assertThat(evaluated(model)).isEqualTo(BothWays.of(whole.retrieval().get(branches.getFirst())));
        assertThat(evaluated(folder.resolve(name + "-run/best"))).isNotNull();
        if (text instanceof ClipText.Both both) {
            assertThat(branches.get(1)).isEqualTo(CaptionsBy.TEXT_TOWER);
            assertThat(branches).hasSize(both.strategy() == TextStrategy.CONCATENATED ? 3 : 2);
            assertThat(evaluated(model.resolve(ModelDirectory.TOWER)))
                    .isEqualTo(BothWays.of(whole.retrieval().get(CaptionsBy.TEXT_TOWER)))
                    .isEqualTo(evaluated(model, CaptionsBy.TEXT_TOWER));
            if (both.strategy() == TextStrategy.CONCATENATED) {
                assertThat(evaluated(model, CaptionsBy.JOINED))
                        .isEqualTo(BothWays.of(whole.retrieval().get(CaptionsBy.JOINED)));
            }
            assertJoined(model);
            assertThat(Files.readString(folder.resolve(name + "-run/results.json")))
                    .contains("R@1, text to image, language model", "R@10, image to text, text tower")
                    // Of the language model, and of both joined.
                    .containsPattern("\"baseline\" : \\{\\s*\"name\" : \"text tower\",[^}]*\"difference\" : \\{");
            assertThat(Files.readString(folder.resolve(name + "-run/metrics.jsonl")))
                    .contains("val_text_tower_text_to_image_r1");
            assertThat(Files.readString(folder.resolve(name + "-run/args.json")))
                    .contains("\"strategy\" : \"" + both.strategy() + "\"");
        } else {
            assertThat(branches).hasSize(1);
        }

        assertReported(name, text instanceof ClipText.Both);

        // Stopped in the middle, it goes on to the same bits.
        String stopped = "stopped-" + kind;
        StopRequest stop = new StopRequest();
        assertThatThrownBy(() -> job(text, stopped, StepOptions.PLAIN, false, stop, Existing.REFUSE)
                        .run(stoppingAfter(3, stop)))
                .isInstanceOf(StoppedException.class);
        job(text, stopped, StepOptions.PLAIN, true, new StopRequest(), Existing.REFUSE)
                .run(notes);
        assertThat(weights(folder.resolve(stopped))).usingRecursiveComparison().isEqualTo(weights(model));

        // By chunks, the gradients of the whole batch.
        String chunked = "chunked-" + kind;
        train(text, chunked, StepOptions.PLAIN.withChunk(4).withRecompute());
        String weight = "vision_model.encoder.layers.0.mlp.fc1.weight";
        Path vision = kind == Kind.NEW_TOWER ? Path.of("model.safetensors") : Path.of("vision", "model.safetensors");
        float[] expected = read(model.resolve(vision), weight);
        float[] found = read(folder.resolve(chunked).resolve(vision), weight);
        double squares = 0;
        for (int i = 0; i < found.length; i++) {
            squares += Math.pow(found[i] - expected[i], 2);
        }
        // Steps change an element by about the learning rate.
        assertThat(Math.sqrt(squares / found.length)).isLessThan(2e-4);
    }

    @Test
    void aBaselineFindsInATrainingWhatItFindsByItself() throws IOException {
        ClipTrainingJob.Result first = train(Kind.NEW_TOWER.text(folder), "baseline", StepOptions.PLAIN);
        Path model = folder.resolve("baseline");
        ClipTrainingJob.Result second = compared("compared", () -> Llm2Clip.load(model));
        assertThat(second.baseline().map(ClipBaseline.Found::metrics))
                .hasValueSatisfying(metrics -> assertThat(BothWays.of(metrics))
                        .isEqualTo(BothWays.of(first.retrieval().get(CaptionsBy.TEXT_TOWER))));
        assertThat(Files.readString(folder.resolve("compared-run/results.json")))
                .containsPattern("\"baseline\" : \\{\\s*\"name\" : \"other\",[^}]*\"difference\" : \\{");
        Gallery gallery = GalleryFolder.read(folder.resolve("compared-run").resolve("searches"))
                .get("held-out images by their captions");
        assertThat(gallery.models()).containsExactly("this model", "other");
        assertThat(gallery.searches().strata().stream().map(Searches.Stratum::name))
                .allMatch(name -> name.matches("(won|tied|lost).*"));
    }

    @Test
    void aBaselineThatIsGoneCostsNoModel() {
        Path gone = folder.resolve("gone");
        assertThat(compared("kept", () -> Llm2Clip.load(gone)).baseline()).isEmpty();
        assertThat(notes.sentences())
                .anyMatch(sentence -> sentence.startsWith("The baseline other was not measured: "));
        assertThat(evaluated(folder.resolve("kept"))).isNotNull();
    }

    private ClipTrainingJob.Result compared(String out, Supplier<Llm2Clip> baseline) {
        ClipTrainingJob job =
                job(Kind.ONLINE.text(folder), out, StepOptions.PLAIN, false, new StopRequest(), Existing.REFUSE);
        return new ClipTrainingJob(
                        job.data(),
                        job.text(),
                        job.vision(),
                        job.training(),
                        job.out(),
                        job.adapter(),
                        Optional.of(new ClipBaseline("other", baseline)),
                        job.existing(),
                        job.execution(),
                        job.run())
                .run(notes);
    }

    /** The run's folder has searches of held-out images, by both branches if there are two, and commands that try the model. */
    private static void assertReported(String name, boolean both) throws IOException {
        Path run = folder.resolve(name + "-run");
        Gallery gallery = GalleryFolder.read(run.resolve("searches")).get("held-out images by their captions");
        assertThat(gallery.models()).isEqualTo(both ? List.of("language model", "text tower") : List.of("this model"));
        List<Searches.Stratum> strata = gallery.searches().strata();
        // Two captions of each of the five images.
        assertThat(strata.stream().mapToInt(Searches.Stratum::count).sum()).isEqualTo(10);
        assertThat(strata.getFirst().name()).startsWith(both ? "won" : "found first");
        for (Searches.Stratum stratum : strata) {
            for (Searches.Search search : stratum.searches()) {
                int image = gallery.target().applyAsInt(search.query());
                assertThat(gallery.query().apply(search.query())).contains("kite " + (50 + image));
                assertThat(gallery.item().apply(image).caption()).isEqualTo("kite " + (50 + image));
                assertThat(gallery.item().apply(image).picture()).isPresent();
                assertThat(search.found().getFirst().nearest()).hasSize(5);
            }
        }
        Path page = folder.resolve(name + ".html");
        RunReport.of(run).write(page);
        assertThat(page)
                .content()
                .contains("<td>%s: 13 images</td>".formatted(training), "<td>%s: 5 images</td>".formatted(validation))
                .contains("vision.patch_limits</td><td>none</td>")
                .contains("llm2clip similarity --model %s %s/searches/0-".formatted(folder.resolve(name), run))
                .contains("llm2clip eval %s --model %s --report".formatted(validation, folder.resolve(name)))
                .doesNotContain("Optional", "Config[");
    }

    /** Cosines are the means of the two branches' own. */
    private static void assertJoined(Path model) {
        List<Path> files = CaptionedImages.open(validation).items().stream()
                .map(CaptionedImage::path)
                .toList();
        List<String> captions = List.of("kite 3", "a tent", "");
        Map<CaptionsBy, float[][]> cosines = new EnumMap<>(CaptionsBy.class);
        for (CaptionsBy branches : CaptionsBy.values()) {
            try (Llm2Clip loaded = Llm2Clip.load(model, LoadOptions.DEFAULT.withCaptionsBy(branches))) {
                cosines.put(branches, loaded.similarity(files, captions));
                assertThat(loaded.embedTexts(captions)[0]).hasSize(loaded.embeddingSize());
                assertThat(loaded.embeddingSize()).isEqualTo(branches == CaptionsBy.JOINED ? 16 : 8);
            }
        }
        for (int image = 0; image < files.size(); image++) {
            for (int caption = 0; caption < captions.size(); caption++) {
                assertThat(cosines.get(CaptionsBy.JOINED)[image][caption])
                        .isCloseTo(
                                (cosines.get(CaptionsBy.LANGUAGE_MODEL)[image][caption]
                                                + cosines.get(CaptionsBy.TEXT_TOWER)[image][caption])
                                        / 2,
                                within(1e-5f));
            }
        }
    }

    @Test
    void whatThereIsNotEmbedsNoCaptions() {
        train(Kind.ONLINE.text(folder), "alone", StepOptions.PLAIN);
        long before = EngineMemory.liveBytes();
        for (CaptionsBy branches : List.of(CaptionsBy.TEXT_TOWER, CaptionsBy.JOINED)) {
            assertThatThrownBy(() -> evaluated(folder.resolve("alone"), branches))
                    .hasMessage(
                            "%s: expected a language model beside which a text tower was trained, with that in 'clip', found none; embed captions by the model itself.",
                            folder.resolve("alone"));
        }
        train(Kind.NEW_TOWER.text(folder), "tower", StepOptions.PLAIN);
        assertThatThrownBy(() -> evaluated(folder.resolve("tower"), CaptionsBy.LANGUAGE_MODEL))
                .hasMessage(
                        "%s: expected a model whose captions a language model embeds, found a text tower; embed captions by the model itself.",
                        folder.resolve("tower"));
        assertThat(EngineMemory.liveBytes()).isEqualTo(before);
    }

    private static float[] read(Path file, String tensor) {
        try (Checkpoint checkpoint = Checkpoint.open(file)) {
            return checkpoint.readFloats(tensor);
        }
    }

    /** Asks for a stop after so many steps of stage 2. */
    private static Progress stoppingAfter(int steps, StopRequest stop) {
        return (name, total, unit) -> new Progress.Phase() {
            private long made;

            @Override
            public void advance(long count) {
                made += count;
                if (name.startsWith("stage 2") && made == steps) {
                    stop.request();
                }
            }
        };
    }

    /** What is saved says how pictures were seen, a CLIP of a text tower too. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void picturesAreTurnedAsInTheTraining(boolean turned) {
        ClipText both = Kind.BOTH_ALIGNED.text(folder);
        String out = "turned-" + turned;
        ClipTrainingJob job = job(both, out, StepOptions.PLAIN, false, new StopRequest(), Existing.REFUSE);
        ImageReader reader = ImageReader.DEFAULT.withExifOrientation(turned);
        new ClipTrainingJob(
                        new ClipData(
                                job.data().mix(),
                                START.choices(),
                                reader,
                                job.data().validation()),
                        both,
                        START,
                        job.training().withSteps(2),
                        job.out(),
                        Existing.REFUSE,
                        Execution.cpu(),
                        job.run())
                .run(notes);
        for (Path model : List.of(folder.resolve(out), folder.resolve(out).resolve(ModelDirectory.TOWER))) {
            try (Llm2Clip loaded = Llm2Clip.load(model)) {
                assertThat(loaded.description().exifOrientation()).isEqualTo(turned);
            }
        }
    }

    @Test
    void onlineVectorsAreTheCachedOnes() {
        ClipText online = Kind.ONLINE.text(folder);
        train(Kind.CACHED.text(folder), "with-cache", StepOptions.PLAIN);
        train(online, "without-cache", StepOptions.PLAIN);
        // 5 steps of 6 of 26 + 10 captions.
        assertThat(notes.sentences()).noneMatch(note -> note.contains("embeds"));
        String file = "vision/model.safetensors";
        String weight = "visual_projection.weight";
        assertThat(read(folder.resolve("without-cache").resolve(file), weight))
                .containsExactly(read(folder.resolve("with-cache").resolve(file), weight), within(1e-4f));
        OptimizerSettings optimizer = new OptimizerSettings(1e-2f, 1, 0.05f, AdamW.Options.DEFAULT);
        ClipTrainingJob job = job(online, "many", StepOptions.PLAIN, false, new StopRequest(), Existing.REFUSE);
        new ClipTrainingJob(
                        job.data(),
                        online,
                        START,
                        new ClipTraining.Config(7, 6, optimizer, 1, 1, 0, 7),
                        job.out(),
                        Existing.REFUSE,
                        Execution.cpu(),
                        job.run())
                .run(notes);
        assertThat(notes.sentences())
                .contains(
                        "Stage 2 embeds 42 captions as it goes, of about 36 that there are; cached vectors (--text-vectors cached) would be less work.");
    }

    @Test
    void updatesOfTheLanguageModelAreMergedIntoTheSavedOne() {
        train(Kind.UPDATED.text(folder), "updated", StepOptions.PLAIN);
        String weight = "layers.0.self_attn.q_proj.weight";
        assertThat(read(folder.resolve("updated/text/model.safetensors"), weight))
                .isNotEqualTo(read(encoder.resolve("model.safetensors"), weight));
    }

    @Test
    void inputsOfUpdatesMayBeDropped() throws IOException {
        ClipText dropping = new ClipText.LanguageModel(
                encoder, new ClipText.Updated(new LoraSettings(2, 4, 0.4f)), Optional.empty());
        train(dropping, "dropped", StepOptions.PLAIN);
        train(dropping, "dropped-again", StepOptions.PLAIN);
        train(Kind.UPDATED.text(folder), "not-dropped", StepOptions.PLAIN);
        Map<String, byte[]> weights = weights(folder.resolve("dropped"));
        assertThat(weights(folder.resolve("dropped-again")))
                .usingRecursiveComparison()
                .isEqualTo(weights);
        assertThat(weights(folder.resolve("not-dropped")).get("text/model.safetensors"))
                .isNotEqualTo(weights.get("text/model.safetensors"));
    }

    /** Settings that matter are those of the run that goes on. */
    @Test
    void aRunDoesNotGoOnWithAnotherReaderOfCaptions() {
        StopRequest stop = new StopRequest();
        assertThatThrownBy(
                        () -> job(Kind.UPDATED.text(folder), "other", StepOptions.PLAIN, false, stop, Existing.REFUSE)
                                .run(stoppingAfter(2, stop)))
                .isInstanceOf(StoppedException.class);
        assertThatThrownBy(() -> job(
                                Kind.ONLINE.text(folder),
                                "other",
                                StepOptions.PLAIN,
                                true,
                                new StopRequest(),
                                Existing.REFUSE)
                        .run(notes))
                .hasMessageContaining("text_lora.rank none instead of 2")
                .hasMessageContaining("text_vectors online instead of none");
    }

    @Test
    void aTowerThatIsReplacedIsNotTrained() {
        ClipText.Both both = (ClipText.Both) Kind.BOTH.text(folder);
        assertThatThrownBy(() -> new ClipText.Both(both.language(), both.tower(), TextStrategy.REPLACE))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("A text tower that the language model replaces; expected another strategy");
    }

    /** The tower and its tokenizer are those of the published model, here one that was just trained. */
    @Test
    void aPublishedTowerGoesOn() {
        train(Kind.NEW_TOWER.text(folder), "published", StepOptions.PLAIN);
        Path published = folder.resolve("published");
        ClipText.Tower tower = new ClipText.Tower(new ClipText.PublishedTower(published), Optional.empty());
        OptimizerSettings none = new OptimizerSettings(1e-30f, 0, 0, AdamW.Options.DEFAULT);
        ClipTrainingJob job = job(tower, "continued", StepOptions.PLAIN, false, new StopRequest(), Existing.REFUSE);
        new ClipTrainingJob(
                        job.data(),
                        tower,
                        new VisionStart.Pretrained(published),
                        new ClipTraining.Config(1, 6, none, 1, 1, 0, 7),
                        job.out(),
                        Existing.REFUSE,
                        Execution.cpu(),
                        job.run())
                .run(notes);
        String token = "text_model.embeddings.token_embedding.weight";
        assertThat(read(folder.resolve("continued/model.safetensors"), token))
                .containsExactly(read(published.resolve("model.safetensors"), token));
        assertThat(folder.resolve("continued/tokenizer.json"))
                .hasSameBinaryContentAs(published.resolve("tokenizer.json"));

        ClipText.Tower wrong = new ClipText.Tower(new ClipText.PublishedTower(encoder), Optional.empty());
        assertThatThrownBy(() -> train(wrong, "wrong", StepOptions.PLAIN))
                .hasMessage(
                        "%s: expected a CLIP or a SigLIP with a text tower of its own, found a text encoder; give such a model as a whole.",
                        encoder);
    }
}
