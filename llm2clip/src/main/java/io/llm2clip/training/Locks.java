package io.llm2clip.training;

import io.llm2clip.nn.Parameter;
import io.llm2clip.nn.optimizer.LayerDecay;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Sides that are not trained, or but for their last blocks and what comes after these; as OpenCLIP locks towers.
 *
 * @param imageUnlocked how many of the last blocks of the vision tower are trained, 0 for nothing of it; null if it is not locked
 * @param textUnlocked the same of the text side
 */
public record Locks(
        @Nullable Integer imageUnlocked, @Nullable Integer textUnlocked) {
    /** Both sides are trained. */
    public static final Locks NONE = new Locks(null, null);

    public Locks {
        if (isWhole(imageUnlocked) && isWhole(textUnlocked)) {
            throw new IllegalArgumentException(
                    "Vision tower and text side are both locked; expected one of them to be trained, or its last blocks.");
        }
    }

    private static boolean isWhole(@Nullable Integer unlocked) {
        return unlocked != null && unlocked == 0;
    }

    /**
     * Those of the vision tower that are trained.
     *
     * @param all in order of creation
     * @throws IllegalArgumentException if it has fewer blocks than are to be trained
     */
    List<Parameter> images(List<Parameter> all) {
        return unlocked("vision tower", all, imageUnlocked);
    }

    /** The same of the text side. */
    List<Parameter> texts(List<Parameter> all) {
        return unlocked("text side", all, textUnlocked);
    }

    private static List<Parameter> unlocked(String side, List<Parameter> all, @Nullable Integer unlocked) {
        if (unlocked == null) {
            return all;
        }
        if (unlocked == 0) {
            return List.of();
        }
        int blocks = 1 + all.stream().mapToInt(Locks::block).max().orElse(-1);
        if (unlocked < 0 || unlocked > blocks) {
            throw new IllegalArgumentException("The last %d blocks of a locked %s of %d; expected from 0 to %d."
                    .formatted(unlocked, side, blocks, blocks));
        }
        int first = IntStream.range(0, all.size())
                .filter(i -> block(all.get(i)) >= blocks - unlocked)
                .findFirst()
                .orElseThrow();
        return all.subList(first, all.size());
    }

    private static int block(Parameter parameter) {
        OptionalInt block = LayerDecay.block(parameter.name());
        return block.orElse(-1);
    }
}
