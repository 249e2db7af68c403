package io.llm2clip.tensor;

/**
 * What a program takes besides its variables, in bytes.
 *
 * @param pinned inputs and outputs, held from compiling to closing
 * @param workspace values that live during a run only: a part of the device's workspace, which is as large as the largest open program
 *     needs it
 */
public record ProgramMemory(long pinned, long workspace) {

    /** What a run takes where no other program is open. */
    public long total() {
        return pinned + workspace;
    }
}
