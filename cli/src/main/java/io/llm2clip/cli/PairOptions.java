package io.llm2clip.cli;

import io.llm2clip.training.pair.InstructionTable;
import io.llm2clip.training.pair.PairMix;
import io.llm2clip.training.pair.Pairing;
import java.nio.file.Path;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** Which texts make pairs, and how the two are told from others. */
@HelpSection.In(HelpSection.TRAINING)
final class PairOptions {
    /** Names the instructions that come with this program. */
    private static final String PAPER = "paper";

    @Option(
            names = "--pairs",
            paramLabel = "KIND",
            converter = Converter.class,
            description =
                    "Captions of an image that make pairs: any (two of them, as in the paper), short-long (one of each, as in its first"
                            + " version), by-length (batches of one kind, long ones first) (default: by-length from scratch, with --llm any).")
    private @Nullable PairMix mix;

    @Option(
            names = "--hard-negatives",
            description =
                    "Add a caption of one other image to each pair as a negative, as the paper does; negatives of queries are always"
                            + " used.")
    private boolean hardNegatives;

    @Option(
            names = "--both-directions",
            description = "Have positives seek their queries, too; in the paper only queries seek their positives.")
    private boolean bothDirections;

    @Option(
            names = "--instructions",
            paramLabel = "FILE",
            description =
                    "What queries begin with: a JSON file {\"SOURCE\": \"...\"}, where a source is called as its file or folder is and"
                            + " 'captions' stands for all of captions; '"
                            + PAPER
                            + "' for those of the paper (default: none).")
    private @Nullable String instructions;

    InstructionTable instructions() {
        if (instructions == null) {
            return InstructionTable.NONE;
        }
        return instructions.equals(PAPER) ? InstructionTable.paper() : InstructionTable.read(Path.of(instructions));
    }

    boolean bothDirections() {
        return bothDirections;
    }

    /** A recipe's, with what is said otherwise. */
    Pairing over(Pairing recipe) {
        Pairing pairing = mix == null || mix == recipe.mix()
                ? recipe
                : mix == PairMix.BY_LENGTH ? Pairing.BY_LENGTH : new Pairing(mix, 0, 0, false);
        return pairing.withHardNegatives(hardNegatives);
    }

    /** By the names that {@link PairMix#toString} gives. */
    static final class Converter implements ITypeConverter<PairMix> {
        @Override
        public PairMix convert(String value) {
            for (PairMix mix : PairMix.values()) {
                if (mix.toString().equals(value.toLowerCase(Locale.ROOT))) {
                    return mix;
                }
            }
            throw new TypeConversionException("expected any, short-long or by-length, found " + value + ".");
        }
    }
}
