; A robot with two grippers carries balls between rooms.
(define (domain gripper)
  (:requirements :strips :typing)
  (:types room ball gripper)
  (:predicates
    (robot-in ?r - room)
    (ball-in ?b - ball ?r - room)
    (empty ?g - gripper)
    (carrying ?b - ball ?g - gripper))
  (:action move
    :parameters (?from - room ?to - room)
    :precondition (robot-in ?from)
    :effect (and (robot-in ?to) (not (robot-in ?from))))
  (:action pick
    :parameters (?b - ball ?r - room ?g - gripper)
    :precondition (and (ball-in ?b ?r) (robot-in ?r) (empty ?g))
    :effect (and (carrying ?b ?g) (not (ball-in ?b ?r)) (not (empty ?g))))
  (:action drop
    :parameters (?b - ball ?r - room ?g - gripper)
    :precondition (and (carrying ?b ?g) (robot-in ?r))
    :effect (and (ball-in ?b ?r) (empty ?g) (not (carrying ?b ?g)))))
