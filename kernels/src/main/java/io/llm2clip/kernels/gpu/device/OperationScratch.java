package io.llm2clip.kernels.gpu.device;

import io.llm2clip.kernels.DType;

/** Memory of a device that the steps of one operation may overwrite. */
public interface OperationScratch {
    /**
     * A range that only this operation's steps use while they run; a later call for the same type may return the same one.
     *
     * @return its first element, in an arena of the type
     */
    DeviceAddress take(DType dtype, long elements);
}
