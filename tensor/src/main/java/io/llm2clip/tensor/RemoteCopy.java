package io.llm2clip.tensor;

/**
 * Elements of a tensor on a device with memory of its own, and which side has the current ones. Devices attach one to the
 * {@link TensorData} that they work on; see {@link TensorData#attach}.
 */
public interface RemoteCopy {

    /** Makes the elements in the tensor's own memory current. */
    void bringHome();

    /** Says that the elements in the tensor's own memory are about to be written, so that those on the device are outdated. */
    void hostWrites();
}
