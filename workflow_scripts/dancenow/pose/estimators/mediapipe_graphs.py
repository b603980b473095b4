"""MediaPipe graphs of people whom Holistic does not follow: they find, follow or mask them."""

from typing import Any

DETECTOR = """
input_stream: "image"
output_stream: "detections"
node {
  calculator: "PoseDetectionCpu" input_stream: "IMAGE:image" output_stream: "DETECTIONS:detections"
}
"""

# the part of Holistic after its search for the person, with the rectangle given instead
FOLLOWER = """
input_stream: "image"
input_stream: "roi"
output_stream: "pose_landmarks"
output_stream: "face_landmarks"
output_stream: "left_hand_landmarks"
output_stream: "right_hand_landmarks"
output_stream: "next_roi"
output_stream: "segmentation_mask"
node { calculator: "ImagePropertiesCalculator" input_stream: "IMAGE:image" output_stream: "SIZE:size" }
node {
  calculator: "PoseLandmarkByRoiCpu"
  input_side_packet: "MODEL_COMPLEXITY:complexity"
  input_side_packet: "ENABLE_SEGMENTATION:segmentation"
  input_stream: "IMAGE:image" input_stream: "ROI:roi"
  output_stream: "LANDMARKS:pose_landmarks" output_stream: "AUXILIARY_LANDMARKS:auxiliary"
  output_stream: "SEGMENTATION_MASK:segmentation_mask"
}
node {
  calculator: "PoseLandmarksToRoi"
  input_stream: "LANDMARKS:auxiliary" input_stream: "IMAGE_SIZE:size"
  output_stream: "ROI:next_roi"
}
node {
  calculator: "HandLandmarksLeftAndRightCpu"
  input_stream: "IMAGE:image" input_stream: "POSE_LANDMARKS:pose_landmarks"
  output_stream: "LEFT_HAND_LANDMARKS:left_hand_landmarks"
  output_stream: "RIGHT_HAND_LANDMARKS:right_hand_landmarks"
}
node {
  calculator: "SplitNormalizedLandmarkListCalculator"
  input_stream: "pose_landmarks" output_stream: "head"
  options { [mediapipe.SplitVectorCalculatorOptions.ext] { ranges { begin: 0 end: 11 } } }
}
node {
  calculator: "FaceLandmarksFromPoseCpu"
  input_side_packet: "REFINE_LANDMARKS:refine"
  input_stream: "IMAGE:image" input_stream: "FACE_LANDMARKS_FROM_POSE:head"
  output_stream: "FACE_LANDMARKS:face_landmarks"
}
"""

# the part of it that makes the mask
SEGMENTER = """
input_stream: "image"
input_stream: "roi"
output_stream: "segmentation_mask"
node {
  calculator: "PoseLandmarkByRoiCpu"
  input_side_packet: "MODEL_COMPLEXITY:complexity"
  input_side_packet: "ENABLE_SEGMENTATION:segmentation"
  input_stream: "IMAGE:image" input_stream: "ROI:roi"
  output_stream: "LANDMARKS:pose_landmarks"
  output_stream: "SEGMENTATION_MASK:segmentation_mask"
}
"""


def open_graph(text: str, *outputs: str, **side_inputs: int) -> Any:
    """A running graph; outputs: the streams that its `process` returns; side_inputs: its settings."""
    from google.protobuf import text_format
    from mediapipe.calculators.core import split_vector_calculator_pb2  # noqa: F401 - the text refers to its options
    from mediapipe.framework.calculator_pb2 import CalculatorGraphConfig
    from mediapipe.python.solution_base import PacketDataType, SolutionBase

    kinds = dict.fromkeys((*outputs, "roi"), PacketDataType.PROTO)
    kinds["segmentation_mask"] = PacketDataType.IMAGE
    kinds |= {"image": PacketDataType.IMAGE_FRAME, "detections": PacketDataType.PROTO_LIST}
    return SolutionBase(
        graph_config=text_format.Parse(text, CalculatorGraphConfig()),
        outputs=list(outputs),
        side_inputs=side_inputs or None,
        stream_type_hints=kinds,
    )
