package io.llm2clip.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.llm2clip.dataset.DataSource;
import io.llm2clip.dataset.TextGroups;
import io.llm2clip.evaluation.Searches;
import io.llm2clip.model.LlamaConfig;
import io.llm2clip.nn.LoraSettings;
import io.llm2clip.nn.checkpoint.OutputDirectory.Existing;
import io.llm2clip.progress.Progress;
import io.llm2clip.report.Gallery;
import io.llm2clip.report.GalleryFolder;
import io.llm2clip.tensor.Execution;
import io.llm2clip.training.pair.InstructionTable;
import io.llm2clip.training.pair.PairMix;
import io.llm2clip.training.pair.Pairing;
import io.llm2clip.training.run.RunOptions;
import io.llm2clip.training.run.RunReport;
import io.llm2clip.training.run.StopRequest;
import io.llm2clip.training.run.StoppedException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CaptionTrainingJobTest {
    private static final int STEPS = 9;

    @TempDir
    private Path folder;

    private static DataSource source(String name, int groups) {
        List<List<String>> captions = new ArrayList<>();
        for (int i = 0; i < groups; i++) {
            captions.add(List.of(
                    "%s %d".formatted(name, i),
                    "a %s with the number %d and a long tail".formatted(name, i),
                    "number %d is on the long tail of a %s".formatted(i, name)));
        }
        return DataSource.of(new TextGroups(name, captions));
    }

    private CaptionTrainingJob job(String out, boolean resume, StopRequest stop, StepOptions options) {
        CaptionTraining.Config recipe = CaptionTraining.Config.fromScratch(STEPS, 5);
        return new CaptionTrainingJob(
                List.of(source("kite", 24), source("boat", 31)),
                InstructionTable.NONE,
                new TextStart.FromScratch(
                        LlamaConfig.miniature(300),
                        LanguageModelTraining.Config.of(2, 2, 16, 1e-3f, 0, 5),
                        Optional.of(folder.resolve(out + "-llm"))),
                new CaptionTraining.Config(
                        STEPS,
                        4,
                        recipe.optimizer(),
                        new LoraSettings(2, 4, 0.25f),
                        50,
                        false,
                        new Pairing(PairMix.BY_LENGTH, 0.3, 0.5, true),
                        64,
                        5,
                        options),
                Validation.TENTH,
                folder.resolve(out),
                Optional.empty(),
                Existing.REFUSE,
                Optional.empty(),
                Execution.cpu(),
                new RunOptions(folder.resolve(out + "-run"), resume, 0, 2, 0, List.of(), stop));
    }

    /** Stopped in the middle of an epoch of each source. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aTrainingThatWasStoppedGoesOnToTheSameBits(boolean byChunks) throws IOException {
        StepOptions options = byChunks ? new StepOptions(3, true, 0.9f) : StepOptions.PLAIN;
        job("whole", false, new StopRequest(), options).run(Progress.NONE);
        StopRequest stop = new StopRequest();
        Progress stopping = new Progress() {
            @Override
            public Phase begin(String name, long total, String unit) {
                return new Phase() {
                    private int steps;

                    @Override
                    public void advance(long more) {
                        if (name.equals(CaptionTraining.NAME) && ++steps == 4) {
                            stop.request();
                        }
                    }
                };
            }
        };
        assertThatThrownBy(() -> job("parts", false, stop, options).run(stopping))
                .isInstanceOf(StoppedException.class);
        assertThat(folder.resolve("parts-llm")).doesNotExist();
        job("parts", true, new StopRequest(), options).run(Progress.NONE);
        for (String model : List.of("parts", "parts-llm")) {
            assertThat(folder.resolve(model).resolve("model.safetensors"))
                    .hasSameBinaryContentAs(
                            folder.resolve(model.replace("parts", "whole")).resolve("model.safetensors"));
        }
        assertThat(Files.readAllLines(folder.resolve("parts-run/metrics.jsonl")))
                .hasSize(2 + STEPS);
    }

    @Test
    void captionsAreSearchedBeforeAndAfter() throws IOException {
        CaptionTrainingJob.Result result =
                job("model", false, new StopRequest(), StepOptions.PLAIN).run(Progress.NONE);
        Map<String, Gallery> galleries = GalleryFolder.read(folder.resolve("model-run/searches"));
        assertThat(galleries.keySet()).containsExactly("long captions by long ones", "long captions by short ones");
        galleries.values().forEach(gallery -> {
            assertThat(gallery.models()).containsExactly("after stage 1", "before it");
            assertThat(gallery.searches().strata().stream()
                            .mapToInt(Searches.Stratum::count)
                            .sum())
                    .isEqualTo(result.measuredGroups());
            for (Searches.Stratum stratum : gallery.searches().strata()) {
                for (Searches.Search search : stratum.searches()) {
                    int after = search.found().getFirst().rank();
                    int before = search.found().getLast().rank();
                    assertThat(stratum.name()).startsWith(after < before ? "won" : after == before ? "tied" : "lost");
                    String query = gallery.query().apply(search.query());
                    String right = gallery.item()
                            .apply(gallery.target().applyAsInt(search.query()))
                            .caption();
                    assertThat(right.replaceAll("\\D", "")).isEqualTo(query.replaceAll("\\D", ""));
                    assertThat(right).isNotEqualTo(query);
                }
            }
        });
        assertThat(folder.resolve("model-run/results.json")).content().contains("\"gain\"", "\"low\"");
        Path page = folder.resolve("page.html");
        RunReport.of(folder.resolve("model-run")).write(page);
        assertThat(page)
                .content()
                .contains("Searches: long captions by short ones</h2>", "kite: 22 groups; boat: 28 groups")
                .contains("llm2clip train clip my-images --text %s --out %s-model"
                        .formatted(folder.resolve("model"), folder.resolve("model")));
    }

    @Test
    void aRunIsFinishedThoughItsSearchesHaveNoPlace() throws IOException {
        Path taken = folder.resolve("model-run/searches/notes.txt");
        List<String> notes = new ArrayList<>();
        Progress progress = new Progress() {
            @Override
            public Phase begin(String name, long total, String unit) {
                if (name.equals(CaptionTraining.NAME)) {
                    try {
                        Files.writeString(
                                Files.createDirectory(taken.getParent()).resolve("notes.txt"), "mine");
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                }
                return NONE.begin(name, total, unit);
            }

            @Override
            public void note(String sentence) {
                notes.add(sentence);
            }
        };
        job("model", false, new StopRequest(), StepOptions.PLAIN).run(progress);
        assertThat(taken).content().isEqualTo("mine");
        assertThat(notes)
                .contains("The model is saved, but its report will show no searches: " + taken.getParent()
                        + ": expected a new or empty folder, found other files (notes.txt); choose another name.");
        assertThat(folder.resolve("model-run/args.json")).content().contains("\"finished\"");
        Path page = folder.resolve("page.html");
        RunReport.of(folder.resolve("model-run")).write(page);
        assertThat(page).content().contains("Try it</h2>").doesNotContain("Searches");
    }

    @Test
    void noTextsAreRefused() {
        CaptionTrainingJob job = job("none", false, new StopRequest(), StepOptions.PLAIN);
        assertThatThrownBy(
                        () -> job.learningFrom(List.of(), InstructionTable.NONE).run(Progress.NONE))
                .hasMessage("A training on no texts; expected at least one source of them.");
    }
}
