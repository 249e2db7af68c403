package io.llm2clip.cli;

import io.llm2clip.Llm2Clip;
import io.llm2clip.TextEmbeddings;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code llm2clip similarity}. */
@Command(
        name = "similarity",
        mixinStandardHelpOptions = true,
        description = "Say which captions suit an image: cosines, and probabilities among the captions given.")
final class SimilarityCommand extends ComputingCommand {
    @Mixin
    private ModelOption model = new ModelOption();

    @Parameters(index = "0", paramLabel = "IMAGE", description = "An image file.")
    private Path image = Path.of("");

    @Parameters(index = "1", arity = "1..*", paramLabel = "CAPTION", description = "Captions to compare.")
    private List<String> captions = List.of();

    @Mixin
    private Terminal terminal = new Terminal();

    private record Score(String caption, float cosine, double probability) {}

    private record Result(String image, float logitScale, List<Score> captions) {}

    @Override
    public void run() {
        try (Llm2Clip loaded = model.load()) {
            TextEmbeddings texts = loaded.textEmbeddings(captions);
            terminal.cut(texts.cut(), captions.size());
            float[] cosines = loaded.similarity(List.of(image), texts)[0];
            Result result = new Result(image.toString(), loaded.logitScale(), scores(cosines, loaded.logitScale()));
            if (terminal.json()) {
                terminal.printJson(result);
            } else {
                terminal.print("cosine  probability  caption");
                result.captions.forEach(score -> terminal.print(String.format(
                        Locale.ROOT, "%6.3f  %9.1f %%  %s", score.cosine, 100 * score.probability, score.caption)));
            }
        }
    }

    /** Best first; the probabilities are the softmax of the scaled cosines. */
    private List<Score> scores(float[] cosines, float scale) {
        double total = 0;
        for (float cosine : cosines) {
            // A cosine is at most 1, so less 1 no exponential is too large.
            total += Math.exp(scale * (cosine - 1));
        }
        List<Score> scores = new ArrayList<>();
        for (int i = 0; i < cosines.length; i++) {
            scores.add(new Score(captions.get(i), cosines[i], Math.exp(scale * (cosines[i] - 1)) / total));
        }
        scores.sort(Comparator.comparingDouble((Score score) -> -score.cosine));
        return scores;
    }
}
