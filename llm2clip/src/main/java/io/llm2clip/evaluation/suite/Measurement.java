package io.llm2clip.evaluation.suite;

import io.llm2clip.data.DataReport;
import io.llm2clip.evaluation.BothWays;
import io.llm2clip.evaluation.Recall;
import io.llm2clip.evaluation.sets.RetrievalSet;
import io.llm2clip.report.Gallery;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;

/** What came of an evaluation. */
public sealed interface Measurement {
    /** What was compared with what, as a sentence. */
    String pairing();

    /** How many images were measured with. */
    int images();

    /** A sentence for each image that could not be read. */
    List<String> broken();

    /** How many images were read, training images included. */
    default int read() {
        return images();
    }

    /** What of the annotation was used, if there is one. */
    default Optional<DataReport> data() {
        return Optional.empty();
    }

    /** A sentence for each kind of thing that was left out of folders without an annotation. */
    default List<String> leftOut() {
        return List.of();
    }

    /**
     * How well images and captions find each other.
     *
     * @param set what was searched: the images that could be read, and their captions
     * @param captions of all languages
     * @param cutCaptions how many were too long for the model, so that their ends do not count
     * @param maxLength tokens of a caption that the model reads
     * @param recall of all; the mean of languages where there are several
     * @param languages recall by language; one entry without a name if there is one language
     * @param chance what guessing has
     * @param gallery searches of images by captions to look at, of the first language; those of a baseline beside them
     */
    record Retrieval(
            RetrievalSet set,
            List<String> broken,
            int captions,
            int cutCaptions,
            int maxLength,
            BothWays recall,
            Map<String, BothWays> languages,
            Recall chance,
            Gallery gallery)
            implements Measurement {
        @Override
        public Optional<DataReport> data() {
            return Optional.of(set.report());
        }

        @Override
        public int images() {
            return set.images().size();
        }

        @Override
        public String pairing() {
            String counts = languages.size() > 1
                    ? "%d images with %d captions in %d languages".formatted(images(), captions, languages.size())
                    : "%d images with %d captions".formatted(images(), captions);
            return counts
                    + (captions == images()
                            ? ": image to text, each image searches for its caption among all; text to image, each caption searches for its image."
                            : ": image to text, the first of an image's captions counts; text to image, each caption searches for its image.")
                    + (languages.size() > 1 ? " Each language by itself; their mean." : "");
        }
    }

    /**
     * Whether the first caption of an image finds the second among those of all images, and the other way round.
     *
     * @param images with two captions
     * @param accuracy without an instruction, a fraction, mean of both directions
     * @param instructed with it; empty for a text tower, which reads none
     * @param instruction that was read before each caption
     */
    record Captions(
            Optional<DataReport> data, int images, double accuracy, OptionalDouble instructed, String instruction)
            implements Measurement {
        @Override
        public List<String> broken() {
            return List.of();
        }

        @Override
        public String pairing() {
            return "%d images: the first caption of each searches for the second among those of all, and the other way round; mean of both directions."
                    .formatted(images);
        }
    }

    /**
     * How often the right class is first, and among the first five.
     *
     * @param top1 a fraction
     * @param top5 a fraction
     */
    record Accuracy(double top1, double top5) {}

    /**
     * How often images are classified as what they are, by words.
     *
     * @param images that were classified
     * @param classes to choose from
     * @param publishedNames whether the classes have words that published results may be of
     * @param one with one template
     * @param eighty with the mean of OpenAI's eighty
     */
    record ZeroShot(
            List<String> broken,
            List<String> leftOut,
            int images,
            int classes,
            boolean publishedNames,
            Accuracy one,
            Accuracy eighty)
            implements Measurement {
        @Override
        public String pairing() {
            return "%d images, each among %d classes in words%s."
                    .formatted(
                            images,
                            classes,
                            publishedNames
                                    ? ""
                                    : ", which are WordNet's names; published figures are of OpenAI's, put its classnames.txt here");
        }
    }

    /**
     * How often a linear classifier of the vectors says what images are.
     *
     * @param trainingImages that it was fitted to
     * @param images that it classified
     * @param accuracy a fraction
     * @param iterations of L-BFGS
     * @param converged whether it came to the minimum of its objective
     */
    record Probe(
            List<String> broken,
            List<String> leftOut,
            int trainingImages,
            int images,
            int classes,
            double accuracy,
            int iterations,
            boolean converged)
            implements Measurement {
        @Override
        public int read() {
            return trainingImages + images;
        }

        @Override
        public String pairing() {
            return "%d images, each among %d classes, by logistic regression on the vectors of %d training images, %d iterations of L-BFGS%s."
                    .formatted(
                            images,
                            classes,
                            trainingImages,
                            iterations,
                            converged ? "" : ", which did not come to the minimum");
        }
    }

    /**
     * Nothing, since the data turned out to be unusable.
     *
     * @param reason a sentence
     */
    record Failed(String reason) implements Measurement {
        @Override
        public int images() {
            return 0;
        }

        @Override
        public String pairing() {
            return reason;
        }

        @Override
        public List<String> broken() {
            return List.of();
        }
    }
}
