package io.llm2clip.evaluation.suite;

import io.llm2clip.Llm2Clip;
import io.llm2clip.data.FloatMatrix;
import io.llm2clip.data.InputException;
import io.llm2clip.evaluation.CaptionRetrieval;
import io.llm2clip.evaluation.sets.RetrievalSet;
import io.llm2clip.progress.Progress;
import io.llm2clip.text.CaptionKinds;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.UnaryOperator;

/**
 * A folder of one's own: how images and captions find each other, and how captions find others of their image by the language model's vectors
 * before the adapter, or by the embeddings of a text tower.
 */
public final class FolderTrial implements Trial {
    private final RetrievalTrial retrieval;
    private final List<CaptionRetrieval> captions = new ArrayList<>();
    private final Map<List<String>, CaptionKinds> kinds = new HashMap<>();
    private List<List<String>> texts = List.of();
    private UnaryOperator<Findings> failed = UnaryOperator.identity();

    /** @param set the folder's images, with captions in one language */
    public FolderTrial(RetrievalSet set) {
        retrieval = new RetrievalTrial(set);
    }

    /**
     * Computes all that is needed of a model. A second one has the pairs of captions that the first one, whose tokens say which are long,
     * made; if the data turns out to be unusable for it, the findings say so.
     *
     * @throws InputException if the data turns out to be unusable for the first one
     */
    @Override
    public void add(String name, Llm2Clip model, Progress progress) {
        if (captions.isEmpty()) {
            retrieval.add(name, model, progress);
            texts = Objects.requireNonNull(retrieval.readable().captions().get(RetrievalSet.ONE_LANGUAGE));
            captions(model, progress);
            return;
        }
        try {
            retrieval.add(name, model, progress);
            captions(model, progress);
        } catch (InputException e) {
            failed = found -> found.without(name, e.getMessage());
        }
    }

    private void captions(Llm2Clip model, Progress progress) {
        captions.add(CaptionRetrieval.measure(
                texts, ofImage -> kinds.computeIfAbsent(ofImage, model::captionKinds), distinct -> {
                    FloatMatrix vectors = FloatMatrix.allocate(distinct.size(), model.textVectorSize());
                    try (Progress.Phase phase = progress.begin("caption retrieval", distinct.size(), "caption")) {
                        model.textVectors(distinct, vectors, phase);
                    }
                    return vectors;
                }));
    }

    /** How captions find each other, by model. */
    public List<CaptionRetrieval> captions() {
        return List.copyOf(captions);
    }

    @Override
    public Findings findings() {
        return failed.apply(retrieval.findings());
    }

    @Override
    public void close() {
        retrieval.close();
    }
}
