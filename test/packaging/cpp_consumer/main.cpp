#include <cstdint>
#include <cstdio>

#include <glamor_ros/msg/person_emotion_array.hpp>
#include <rosidl_typesupport_cpp/message_type_support.hpp>

int main()
{
  using glamor_ros::msg::PersonEmotion;

  glamor_ros::msg::PersonEmotionArray array;
  array.people.emplace_back();
  array.people.back().emotion = PersonEmotion::HAPPY;
  array.people.back().probabilities[PersonEmotion::HAPPY] = 1.0F;

  const auto * type_support =
    rosidl_typesupport_cpp::get_message_type_support_handle<glamor_ros::msg::PersonEmotionArray>();
  const bool good = type_support != nullptr && PersonEmotion::UNKNOWN == 255 &&
    array.people.front().probabilities.size() == 7;
  std::printf("C++ consumer of glamor_ros: %s\n", good ? "good" : "no type support");
  return good ? 0 : 1;
}
