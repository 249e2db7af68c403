package io.llm2clip.training;

import io.llm2clip.data.InputException;
import io.llm2clip.dataset.DataSource;
import io.llm2clip.evaluation.CaptionRetrieval;
import io.llm2clip.kernels.JavaRuntime;
import io.llm2clip.model.TextModel;
import io.llm2clip.nn.Saving;
import io.llm2clip.nn.checkpoint.OutputDirectory;
import io.llm2clip.nn.checkpoint.OutputDirectory.Existing;
import io.llm2clip.progress.Progress;
import io.llm2clip.tensor.Execution;
import io.llm2clip.text.SpecialTokens;
import io.llm2clip.training.pair.InstructionTable;
import io.llm2clip.training.run.RunDirectory;
import io.llm2clip.training.run.RunOptions;
import io.llm2clip.training.run.RunResult;
import io.llm2clip.training.run.TrainingRun;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Stage 1 on a user's captions: makes a text encoder that {@link ClipTrainingJob} takes.
 *
 * <pre>{@code
 * var job = new CaptionTrainingJob(
 *         List.of(DataSource.of(TextFile.open(Path.of("photos/captions.jsonl")))),
 *         new TextStart.Pretrained(Path.of("Llama-3.2-1B")),
 *         CaptionTraining.Config.pretrained(300, 1),
 *         Path.of("text"),
 *         Existing.REFUSE);
 * CaptionTrainingJob.Result result = job.run(Progress.NONE);
 * }</pre>
 *
 * @param sources captions, or queries with documents; each batch is from one of them
 * @param instructions what queries begin with, by source
 * @param start the language model to begin with
 * @param training of stage 1
 * @param validation what is measured and not learned from
 * @param out receives the text encoder
 * @param adapter receives what stage 1 changed in a pretrained language model, as a LoRA adapter that PEFT loads, if asked for
 * @param existing what to do if {@code out} holds one already
 * @param specialTokens how special tokens in captions are taken, from now on too; empty for what the language model says, else as
 *     text
 * @param execution where and how to compute
 * @param run what else the training leaves behind, and whether it goes on from an earlier one
 */
public record CaptionTrainingJob(
        List<DataSource> sources,
        InstructionTable instructions,
        TextStart start,
        CaptionTraining.Config training,
        Validation validation,
        Path out,
        Optional<Path> adapter,
        Existing existing,
        Optional<SpecialTokens> specialTokens,
        Execution execution,
        RunOptions run) {

    /** @throws IllegalArgumentException if an adapter is asked for and there is no model that it would be for, or folders are not apart */
    public CaptionTrainingJob {
        sources = List.copyOf(sources);
        if (adapter.isPresent() && start instanceof TextStart.FromScratch) {
            throw new IllegalArgumentException(
                    "An adapter for a language model from scratch, which nobody else has; expected one from a pretrained model (--llm).");
        }
        Map<String, Path> folders = new LinkedHashMap<>();
        folders.put("text encoder", out);
        adapter.ifPresent(path -> folders.put("adapter", path));
        start.saved().ifPresent(path -> folders.put("language model", path));
        folders.put("run", run.directory());
        OutputFolders.requireApart(folders);
    }

    /** A new run on the CPU without instructions, with special tokens in captions as the language model says, else as text. */
    public CaptionTrainingJob(
            List<DataSource> sources, TextStart start, CaptionTraining.Config training, Path out, Existing existing) {
        this(
                sources,
                InstructionTable.NONE,
                start,
                training,
                Validation.TENTH,
                out,
                Optional.empty(),
                existing,
                Optional.empty(),
                Execution.cpu(),
                RunOptions.beside(out));
    }

    /** The same training on other texts. */
    public CaptionTrainingJob learningFrom(List<DataSource> others, InstructionTable table) {
        return new CaptionTrainingJob(
                others, table, start, training, validation, out, adapter, existing, specialTokens, execution, run);
    }

    /**
     * What came of it.
     *
     * @param trainingGroups examples with texts to pair that there are to learn from, about where there are many
     * @param measuredGroups examples that were held out and measured
     * @param captionRetrieval accuracy on the held-out groups by pairing, see {@link CaptionRetrieval}: before stage 1 with causal
     *     attention, after it with bidirectional attention
     * @param skippedSteps of language model and stage 1, whose loss or gradients were not finite
     * @param broken examples that could not be used, as far as they were drawn
     * @param reasons a sentence for each of the first
     * @param captions that were looked at: all, where there are not very many
     * @param cutCaptions how many of them were too long, so that their ends do not count
     */
    public record Result(
            long trainingGroups,
            int measuredGroups,
            Map<String, CaptionRetrieval.Change> captionRetrieval,
            int skippedSteps,
            long broken,
            List<String> reasons,
            int captions,
            int cutCaptions) {}

    /**
     * Trains and saves.
     *
     * @throws InputException if the texts cannot be used
     * @throws DivergedException if the training was ended because its steps were not finite; the model before them is saved
     * @throws io.llm2clip.training.run.StoppedException if it was stopped; a run with {@link RunOptions#resume} goes on from there
     * @throws io.llm2clip.nn.checkpoint.CheckpointException if the model cannot be read or written
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
                @Nullable
                        OutputDirectory languageOutput = start.saved()
                                .map(path -> TextModel.claim(path, existing))
                                .orElse(null)) {
            HeldOutTexts split = HeldOutTexts.of(sources, validation);
            List<String> corpus = start instanceof TextStart.FromScratch ? split.corpus(progress) : List.of();
            try (TextModel model = start.open(
                    corpus, output.unfinished().resolve("tokenizer.json"), training.seed(), specialTokens, execution)) {
                return run(model, corpus, split, output, adapterOutput, languageOutput, directory, progress);
            }
        }
    }

    private Result run(
            TextModel model,
            List<String> corpus,
            HeldOutTexts split,
            OutputDirectory output,
            @Nullable OutputDirectory adapterOutput,
            @Nullable OutputDirectory languageOutput,
            RunDirectory directory,
            Progress progress) {
        output.requireRoom((languageOutput == null ? 1 : 2) * model.bytes(Saving.DEFAULT));
        CaptionTraining stage1 =
                CaptionTraining.prepare(model.encoder(), split.training(), instructions, training, progress);
        CaptionNotes notes = notes();
        notes.announce(progress);
        TrainingRun recorded = directory.begin(
                notes.settings(sources, instructions, split, model, execution), notes.about(out, split), progress);
        int skipped = trainLanguageModel(model, corpus, output, recorded, progress);
        if (languageOutput != null) {
            // It appears with the text encoder: a training that was stopped finds its place free when it goes on.
            model.write(languageOutput, notes.languageModelProvenance(), Saving.DEFAULT);
        }
        HeldOutCaptions held = new HeldOutCaptions(model, split.measured(), notes, progress);
        HeldOutCaptions.Measured before = held.measured(true);
        LossCurve losses = savedOnFailure(
                model,
                output,
                () -> stage1.run(recorded.evaluating(held), progress, () -> saveAdapter(model, adapterOutput)));
        // Saved before it is measured: whatever happens then, nothing was trained for nothing.
        directory.save(() -> model.save(output, notes.provenance(), Saving.DEFAULT));
        if (languageOutput != null) {
            OutputFolders.writeAfter(out, languageOutput::publish);
        }
        HeldOutCaptions.Measured after = held.measured(false);
        Map<String, CaptionRetrieval.Change> changes = after.retrieval().since(before.retrieval());
        directory.finish(
                new RunResult(
                        after.outcomes(before, training.seed()),
                        after.galleries(before),
                        NextCommands.ofCaption(out, sources)),
                progress);
        List<String> measured = split.measured().stream().flatMap(List::stream).toList();
        return new Result(
                stage1.batches().size(),
                split.measured().size(),
                changes,
                skipped + losses.skipped(),
                split.broken().size() + losses.broken(),
                Stream.concat(split.broken().stream(), losses.reasons().stream())
                        .toList(),
                stage1.batches().texts() + measured.size(),
                stage1.batches().cut() + model.encoder().countCut(measured, training.maxLength()));
    }

    private CaptionNotes notes() {
        return new CaptionNotes(start, training);
    }

    private void saveAdapter(TextModel model, @Nullable OutputDirectory output) {
        if (output != null && start instanceof TextStart.Pretrained pretrained) {
            model.saveAdapter(output, pretrained.directory(), training.lora(), notes().provenance());
        }
    }

    /** Returns how many steps were skipped. */
    private int trainLanguageModel(
            TextModel model, List<String> corpus, OutputDirectory output, TrainingRun recorded, Progress progress) {
        return switch (start) {
            case TextStart.Pretrained _ -> 0;
            case TextStart.FromScratch scratch -> {
                List<int[]> rows = corpus.stream().map(model::row).toList();
                yield savedOnFailure(
                                model,
                                output,
                                () -> LanguageModelTraining.run(
                                        model.llama(), rows, scratch.training(), execution, recorded, progress))
                        .skipped();
            }
        };
    }

    /** A training that ends before its time leaves its model as it was before the steps that were not finite. */
    private LossCurve savedOnFailure(TextModel model, OutputDirectory output, Supplier<LossCurve> work) {
        try {
            return work.get();
        } catch (DivergedException e) {
            model.save(output, notes().provenance(), Saving.DEFAULT);
            throw e.savedTo(out);
        }
    }
}
