package io.llm2clip.training;

import io.llm2clip.data.FloatMatrix;
import io.llm2clip.dataset.ExampleSet;
import io.llm2clip.model.CaptionsBy;
import io.llm2clip.model.Llm2ClipModel;
import io.llm2clip.model.TextBranch;
import io.llm2clip.nn.Saving;
import io.llm2clip.progress.Progress;
import io.llm2clip.text.CaptionKinds;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** One of the text branches that stage 2 trains, opened. */
sealed interface TextPart extends AutoCloseable permits LanguagePart, TowerPart {
    /** What it is. */
    CaptionsBy captionsBy();

    /** The networks. */
    TextBranch branch();

    /** Which captions of one image are short and which are long; safe for use by several threads. */
    CaptionKinds kinds(List<String> captions);

    /** Gets ready to read the captions of all that is learned from and measured. */
    TextVectors.Filled prepare(List<ExampleSet> sets, long draws, Progress progress);

    /** Embeddings {@code [N, E]} of captions, not normalized, with the weights as they are now. */
    FloatMatrix embed(List<String> captions);

    /** All that its bits depend on, besides the first weights. */
    Map<String, String> settings();

    /** Where it comes from, as the saved model says it. */
    Map<String, String> provenance();

    /** Writes a whole model of this branch into a directory that there is. */
    void write(Path directory, Llm2ClipModel model, Saving saving) throws IOException;

    /** The bytes that writing takes, but for small files. */
    long bytes(Llm2ClipModel model, Saving saving);

    @Override
    void close();
}
