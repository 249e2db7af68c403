package io.llm2clip.inspection;

import io.llm2clip.nn.WeightFormat;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What a file or directory is.
 *
 * @param path that was looked at
 * @param kind of model
 * @param parts that it has
 * @param files of weights with their sizes in bytes
 * @param memory bytes that the weights of all parts take, by the format in which they are kept; empty if a part cannot be opened
 * @param partners names on the Hub of what it was trained with: the text encoder of a model, or the models of a text encoder
 * @param pending what it still lacks because the work that makes it has not ended, as sentences
 * @param remarks what else is to be known before it is opened, as sentences
 */
public record ModelReport(
        Path path,
        Kind kind,
        List<PartReport> parts,
        Map<Path, Long> files,
        Map<WeightFormat, Long> memory,
        List<String> partners,
        List<String> pending,
        List<String> remarks) {
    /** Kinds of models. */
    public enum Kind {
        /** A directory that training wrote. */
        TRAINED_MODEL("a model that training wrote"),
        /** Vision tower and adapter in one file. */
        PUBLISHED_MODEL("a published LLM2CLIP model"),
        /** Vision tower and text tower of its own. */
        DUAL_ENCODER("a CLIP or SigLIP, a vision tower with a text tower of its own"),
        /** A vision tower alone. */
        VISION_TOWER("a vision tower"),
        /** A language model with its tokenizer. */
        TEXT_ENCODER("a text encoder"),
        /** An adapter alone. */
        ADAPTER("LLM2CLIP's adapter alone"),
        /** What PEFT trains and saves. */
        LOW_RANK_UPDATES("low-rank updates of a language model"),
        /** The same of a vision tower. */
        VISION_UPDATES("low-rank updates of a vision tower"),
        /** What a training keeps beside its output. */
        TRAINING_RUN("the folder of a training"),
        /** What a training goes on from. */
        TRAINING_CHECKPOINT("a checkpoint of a training"),
        /** Vectors of captions, computed ahead. */
        TEXT_VECTORS("a store of text vectors"),
        /** Tensors of something else. */
        UNKNOWN("weights of no kind that is known here");

        private final String words;

        Kind(String words) {
            this.words = words;
        }

        /** With an article. */
        public String words() {
            return words;
        }
    }

    public ModelReport {
        parts = List.copyOf(parts);
        files = Collections.unmodifiableMap(new LinkedHashMap<>(files));
        memory = Collections.unmodifiableMap(new LinkedHashMap<>(memory));
        partners = List.copyOf(partners);
        pending = List.copyOf(pending);
        remarks = List.copyOf(remarks);
    }

    /** Whether all parts can be opened and nothing is pending. */
    public boolean complete() {
        return problems().isEmpty() && pending.isEmpty();
    }

    /** Why parts cannot be opened, one sentence each. */
    public List<String> problems() {
        return parts.stream()
                .flatMap(part -> part.problem().stream())
                .distinct()
                .toList();
    }
}
