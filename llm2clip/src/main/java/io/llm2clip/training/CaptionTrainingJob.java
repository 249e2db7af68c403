package io.llm2clip.training;

import io.llm2clip.data.CaptionCorpus;
import io.llm2clip.data.DataReport;
import io.llm2clip.data.InputException;
import io.llm2clip.evaluation.RetrievalMetrics;
import io.llm2clip.kernels.JavaRuntime;
import io.llm2clip.model.CaptionEncoder;
import io.llm2clip.model.LlamaConfig;
import io.llm2clip.model.TextModel;
import io.llm2clip.progress.Progress;
import io.llm2clip.text.SpecialTokens;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Stage 1 on a user's captions: makes a text encoder that {@link ClipTrainingJob} takes.
 *
 * <pre>{@code
 * var job = new CaptionTrainingJob(
 *         Path.of("photos/captions.jsonl"),
 *         new CaptionTrainingJob.Pretrained(Path.of("Llama-3.2-1B")),
 *         CaptionTraining.Config.standard(300, 1),
 *         Path.of("text"));
 * CaptionTrainingJob.Result result = job.run(Progress.NONE);
 * }</pre>
 *
 * @param captions a file of caption groups, or a folder with a captions.jsonl
 * @param start the language model to begin with
 * @param training of stage 1
 * @param out receives the text encoder
 * @param specialTokens how special tokens in captions are taken, from now on too; empty for what the language model says, else as
 *     text
 */
public record CaptionTrainingJob(
        Path captions, Start start, CaptionTraining.Config training, Path out, Optional<SpecialTokens> specialTokens) {

    /** The same with special tokens in captions as the language model says, else as text. */
    public CaptionTrainingJob(Path captions, Start start, CaptionTraining.Config training, Path out) {
        this(captions, start, training, out, Optional.empty());
    }

    /** The language model that stage 1 begins with. */
    public sealed interface Start {}

    /** A Llama in Hugging Face's format. */
    public record Pretrained(Path directory) implements Start {}

    /** A tokenizer and a language model learned from the captions first. */
    public record FromScratch(LlamaConfig model, LanguageModelTraining.Config training) implements Start {}

    /**
     * What came of it.
     *
     * @param data which lines were used
     * @param trainingGroups caption groups that were learned from
     * @param measuredGroups caption groups that were held out
     * @param before caption retrieval accuracy on them before stage 1, with causal attention, a fraction
     * @param after the same after stage 1, with bidirectional attention
     * @param captions of all groups
     * @param cutCaptions how many of them were too long, so that their ends do not count
     */
    public record Result(
            DataReport data,
            int trainingGroups,
            int measuredGroups,
            double before,
            double after,
            int captions,
            int cutCaptions) {}

    /**
     * Trains and saves.
     *
     * @throws InputException if the captions cannot be used
     * @throws io.llm2clip.nn.checkpoint.CheckpointException if the model cannot be read or written
     */
    public Result run(Progress progress) {
        JavaRuntime.require();
        CaptionCorpus corpus = CaptionCorpus.open(captions);
        List<List<String>> groups =
                corpus.groups().stream().filter(group -> group.size() >= 2).toList();
        HeldOut<List<String>> split = HeldOut.of(groups, captions.toString(), "groups of two captions or more");
        Path scratch = scratchDirectory();
        try (TextModel model = begin(split.training(), scratch.resolve("tokenizer.json"), progress)) {
            double before = accuracy(model.encoder(), split.measured(), true, progress);
            CaptionTraining.run(model.encoder(), split.training(), training, progress);
            double after = accuracy(model.encoder(), split.measured(), false, progress);
            model.save(out);
            List<String> all = groups.stream().flatMap(List::stream).toList();
            return new Result(
                    corpus.report(),
                    split.training().size(),
                    split.measured().size(),
                    before,
                    after,
                    all.size(),
                    model.encoder().countCut(all, training.maxLength()));
        } finally {
            delete(scratch);
        }
    }

    private TextModel begin(List<List<String>> groups, Path tokenizer, Progress progress) {
        return switch (start) {
            case Pretrained pretrained -> TextModel.open(pretrained.directory, specialTokens);
            case FromScratch scratch -> {
                List<String> texts = groups.stream().flatMap(List::stream).toList();
                TextModel model = TextModel.create(
                        scratch.model,
                        training.seed(),
                        tokenizer,
                        texts.stream(),
                        specialTokens.orElse(SpecialTokens.AS_TEXT));
                try {
                    LanguageModelTraining.run(
                            model.llama(), texts.stream().map(model::row).toList(), scratch.training, progress);
                } catch (RuntimeException e) {
                    model.close();
                    throw e;
                }
                yield model;
            }
        };
    }

    private static double accuracy(
            CaptionEncoder encoder, List<List<String>> groups, boolean causal, Progress progress) {
        try (Progress.Phase phase = progress.begin("caption retrieval", 2L * groups.size(), "caption")) {
            return RetrievalMetrics.mutualCaptionAccuracy(
                    encoder.encode(column(groups, 0), causal, phase), encoder.encode(column(groups, 1), causal, phase));
        }
    }

    private static List<String> column(List<List<String>> groups, int number) {
        return groups.stream().map(group -> group.get(number)).toList();
    }

    private static Path scratchDirectory() {
        try {
            return Files.createTempDirectory("llm2clip");
        } catch (IOException e) {
            throw new InputException("No temporary directory can be made (" + e.getMessage() + ").", e);
        }
    }

    private static void delete(Path scratch) {
        try {
            Files.deleteIfExists(scratch.resolve("tokenizer.json"));
            Files.delete(scratch);
        } catch (IOException e) {
            throw new InputException(
                    "The temporary directory %s cannot be deleted (%s).".formatted(scratch, e.getMessage()), e);
        }
    }
}
