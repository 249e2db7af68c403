package io.llm2clip.training;

import io.llm2clip.data.Fingerprint;
import io.llm2clip.data.InputException;
import io.llm2clip.dataset.DataSource;
import io.llm2clip.kernels.JavaRuntime;
import io.llm2clip.model.TextModel;
import io.llm2clip.nn.Saving;
import io.llm2clip.nn.checkpoint.OutputDirectory;
import io.llm2clip.nn.checkpoint.OutputDirectory.Existing;
import io.llm2clip.progress.Progress;
import io.llm2clip.tensor.Execution;
import io.llm2clip.text.SpecialTokens;
import io.llm2clip.training.run.RunDirectory;
import io.llm2clip.training.run.RunOptions;
import io.llm2clip.training.run.RunResult;
import io.llm2clip.training.run.RunSettings;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Masked next-token prediction on a user's texts: turns a language model into a text encoder that {@link CaptionTrainingJob} starts from.
 *
 * @param sources of the texts
 * @param model a language model with its head, as {@link TextModel#openLanguageModel} opens it
 * @param maskToken the mask token, such as {@code _}
 * @param training how to train
 * @param out receives the text encoder, without the head
 * @param adapter receives what was trained alone, as a LoRA adapter that PEFT loads, if asked for
 * @param existing what to do if {@code out} holds one already
 * @param specialTokens how special tokens in texts are taken; empty for what the language model says, else as text
 * @param execution where and how to compute
 * @param run what else the training leaves behind, and whether it goes on from an earlier one
 */
public record MntpTrainingJob(
        List<DataSource> sources,
        Path model,
        String maskToken,
        MntpTraining.Config training,
        Path out,
        Optional<Path> adapter,
        Existing existing,
        Optional<SpecialTokens> specialTokens,
        Execution execution,
        RunOptions run) {
    /** The mask token of LLM2Vec, whose models have none of their own. */
    public static final String BLANK = "_";

    /** @throws IllegalArgumentException if folders are not apart */
    public MntpTrainingJob {
        sources = List.copyOf(sources);
        Map<String, Path> folders = new LinkedHashMap<>();
        folders.put("text encoder", out);
        adapter.ifPresent(path -> folders.put("adapter", path));
        folders.put("run", run.directory());
        OutputFolders.requireApart(folders);
    }

    /** The same training on other texts. */
    public MntpTrainingJob learningFrom(List<DataSource> others) {
        return new MntpTrainingJob(
                others, model, maskToken, training, out, adapter, existing, specialTokens, execution, run);
    }

    /**
     * What came of it.
     *
     * @param losses of every step, in nats per predicted token
     * @param examples that there are to learn from
     */
    public record Result(LossCurve losses, long examples) {}

    /**
     * Trains and saves.
     *
     * @throws InputException if the texts cannot be used, or the mask is no token of the model
     * @throws DivergedException if the training was ended because its steps were not finite; the model before them is saved
     * @throws io.llm2clip.training.run.StoppedException if it was stopped; a run with {@link RunOptions#resume} goes on from there
     * @throws io.llm2clip.nn.checkpoint.CheckpointException if the model cannot be read or written, or has no head
     */
    public Result run(Progress progress) {
        JavaRuntime.require();
        if (sources.isEmpty()) {
            throw new InputException("A training on no texts; expected at least one source of them.");
        }
        try (OutputDirectory output = TextModel.claim(out, existing);
                RunDirectory directory = RunDirectory.claim(run, existing);
                @Nullable
                        OutputDirectory adapterOutput = adapter.map(path -> TextModel.claimAdapter(path, existing))
                                .orElse(null);
                TextModel language = TextModel.openLanguageModel(model, specialTokens, execution)) {
            output.requireRoom(language.bytes(Saving.DEFAULT));
            int mask = mask(language);
            progress.announce("%s, from %s: %s (%s)"
                    .formatted(
                            MntpTraining.NAME,
                            RecipeNotes.pretrained(model),
                            RecipeNotes.line(training),
                            RecipeNotes.origin(
                                    training,
                                    MntpTraining.Config.pretrained(training.steps(), training.seed()),
                                    "LLM2Vec")));
            LossCurve losses = train(
                    language,
                    mask,
                    output,
                    directory,
                    () -> {
                        if (adapterOutput != null) {
                            language.saveAdapter(adapterOutput, model, training.lora(), provenance());
                        }
                    },
                    progress);
            directory.save(() -> language.save(output, provenance(), Saving.DEFAULT));
            directory.finish(new RunResult(List.of(), Map.of(), NextCommands.ofMntp(out, sources)), progress);
            return new Result(
                    losses,
                    sources.stream().mapToLong(source -> source.set().size()).sum());
        }
    }

    private LossCurve train(
            TextModel language,
            int mask,
            OutputDirectory output,
            RunDirectory directory,
            Runnable trained,
            Progress progress) {
        try {
            return MntpTraining.run(
                    language,
                    sources,
                    mask,
                    training,
                    execution,
                    directory.begin(settings(language), about(), progress),
                    progress,
                    trained);
        } catch (DivergedException e) {
            language.save(output, provenance(), Saving.DEFAULT);
            throw e.savedTo(out);
        }
    }

    private int mask(TextModel language) {
        return language.tokenizer()
                .tokenToId(maskToken)
                .orElseThrow(() -> new InputException(
                        "\"%s\" is not a token of %s; choose another mask token.".formatted(maskToken, model)));
    }

    /** All that the bits of the text encoder depend on. */
    private RunSettings settings(TextModel initial) {
        Map<String, String> settings = new LinkedHashMap<>();
        settings.put("start", RecipeNotes.pretrained(model));
        settings.put("mask_token", maskToken);
        settings.putAll(RecipeNotes.of("mntp.", training));
        settings.putAll(RecipeNotes.of(sources));
        settings.put("initial_model", Fingerprint.hash(initial.fingerprint().text()));
        settings.putAll(RecipeNotes.of(execution));
        return new RunSettings(settings);
    }

    /** What its report says besides. */
    private Map<String, String> about() {
        Map<String, String> about = new LinkedHashMap<>();
        about.put("output", out.toString());
        about.put("learned from", RecipeNotes.sizes(sources, "example"));
        return about;
    }

    private Map<String, String> provenance() {
        Map<String, String> notes = new LinkedHashMap<>();
        notes.put("made_by", "llm2clip train mntp");
        notes.put("start", RecipeNotes.pretrained(model));
        notes.putAll(RecipeNotes.of("mntp.", training));
        return notes;
    }
}
